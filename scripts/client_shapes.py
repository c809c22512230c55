"""Writes the types of the client, `src/tocsin/client/shapes/`, from the OpenAPI document. A test fails if they differ."""

import keyword
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tocsin.api import app as api
from tocsin.api import openapi
from tocsin.api.call import V2

FOLDER = Path(__file__).parents[1] / "src" / "tocsin" / "client" / "shapes"
_WORDS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_HEAD = '"""{title}: shapes of the API, written by `make reference`."""\n\n'


def files() -> dict[str, str]:
    """Return the text of each file by its name."""
    table = [(version, route) for version, route in api.table() if version is V2]
    schemas: dict[str, Any] = openapi.document(table, base_url="")["components"]["schemas"]
    schemas.pop("Error")
    homes = {name: _home(name) for name in schemas}
    found = {"__init__.py": '"""What the API takes and answers, as types. Written by `make reference`."""\n'}
    for home in sorted(set(homes.values())):
        own = {name: one for name, one in schemas.items() if homes[name] == home}
        found[f"{home}.py"] = _formatted(_module(home, own, homes))
    return found


def _module(home: str, own: dict[str, Any], homes: dict[str, str]) -> str:
    classes = [_class(name, one) for name, one in _in_order(own)]
    others = sorted({name for one in own.values() for name in _refs(one)} - set(own))
    body = "\n\n".join(classes)
    typing = [word for word in ("Any", "Literal", "NotRequired", "TypedDict") if re.search(rf"\b{word}\b", body)]
    imports = [f"from typing import {', '.join(typing)}\n"]
    imports += [f"from tocsin.client.shapes.{homes[name]} import {_name(name)}" for name in others]
    return _HEAD.format(title=home.replace("_", " ").capitalize()) + "\n".join(imports) + "\n\n\n" + body + "\n"


def _in_order(own: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each after those that it speaks of."""
    done: set[str] = set()
    waiting = sorted(own)
    while waiting:
        ready = [name for name in waiting if not (set(_refs(own[name])) & set(own)) - done - {name}]
        for name in ready:
            done.add(name)
            yield name, own[name]
        waiting = [name for name in waiting if name not in done]


def _class(name: str, schema: dict[str, Any]) -> str:
    text = " ".join(schema.get("description", "").split("\n")[0].split()) or "What the API has under this name."
    if "properties" not in schema:
        return f"{_name(name)} = {_type(schema)}"
    required = set(schema.get("required", []))
    fields = {
        field: _type(one) if field in required else f"NotRequired[{_type(one)}]"
        for field, one in schema["properties"].items()
    }
    if any(not field.isidentifier() or keyword.iskeyword(field) for field in fields):
        pairs = ", ".join(f'"{field}": {one}' for field, one in fields.items())
        return f"# {text}\n{_name(name)} = TypedDict({_name(name)!r}, {{{pairs}}})"
    own = re.compile(rf"\b{_name(name)}\b")
    lines = "\n".join(f"    {field}: {f'{one!r}' if own.search(one) else one}" for field, one in fields.items())
    return f'class {_name(name)}(TypedDict):\n    """{text}"""\n\n{lines}\n'


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _name(schema["$ref"].rpartition("/")[2])
    if "const" in schema or "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema.get('enum', [schema.get('const')])))}]"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(_type(one) for one in schema[several]))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_type({"type": one}) for one in kind)
    if kind == "array":
        return f"list[{_type(schema['items'])}]" if "items" in schema else "list[Any]"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"dict[str, {_type(inner)}]" if isinstance(inner, dict) else "dict[str, Any]"
    return _WORDS.get(str(kind), "Any")


def _refs(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].rpartition("/")[2]
        for one in schema.values():
            yield from _refs(one)
    if isinstance(schema, list):
        for one in schema:
            yield from _refs(one)


def _name(name: str) -> str:
    return name.removesuffix("Out").replace("-", "")


def _home(name: str) -> str:
    model = next((one for one in _models(BaseModel) if one.__name__ == name), None)
    tail = "" if model is None else model.__module__.removeprefix("tocsin.schemas.")
    return tail.partition(".")[0] or "more"


def _models(root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in root.__subclasses__():
        yield one
        yield from _models(one)


def _formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff"]
    sorted_ = subprocess.run(
        [*command, "check", "--quiet", "--select", "I", "--fix", "--stdin-filename", "src/tocsin/client/shapes/x.py", "-"],
        input=text, capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    return subprocess.run(
        [*command, "format", "--quiet", "--stdin-filename", "src/tocsin/client/shapes/x.py", "-"],
        input=sorted_, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
