"""Writes build/sbom.json, in CycloneDX: every package that a server is made of, with version and licence. `make sbom`.

Python's packages are those of requirements.txt, as they are installed; what is pinned for other machines only is named by its
pin. The scripts of the pages are made of npm's packages, and islands/package-lock.json names their licences. Ends with 1 if
something has no licence.
"""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
SBOM = ROOT / "build" / "sbom.json"
Component = dict[str, Any]


def main() -> None:
    """Write the list, or say what is wrong with it."""
    whole = document()
    wrong = [*faults(whole), *_against_the_standard(whole)]
    if wrong:
        sys.exit("sbom: " + "\n      ".join(wrong))
    SBOM.parent.mkdir(exist_ok=True)
    SBOM.write_text(json.dumps(whole, indent=2) + "\n", "utf-8")
    print(f"sbom: {len(whole['components'])} packages with version and licence in {SBOM.relative_to(ROOT)}")


def document() -> Component:
    """Return the whole list: that of the tool, cut to what is pinned for a server, with npm's packages added."""
    whole = _of_python()
    wanted = {(canonicalize_name(one.name), str(one.specifier).removeprefix("==")): one for one in pins()}
    installed = [one for one in whole["components"] if (canonicalize_name(one["name"]), one["version"]) in wanted]
    there = {canonicalize_name(one["name"]) for one in installed}
    elsewhere = [_pinned(one) for one in wanted.values() if canonicalize_name(one.name) not in there]
    whole["components"] = [*installed, *elsewhere, *_of_npm()]
    names = {one["bom-ref"] for one in whole["components"]} | {whole["metadata"]["component"]["bom-ref"]}
    whole["dependencies"] = [
        one | {"dependsOn": [name for name in one.get("dependsOn", ()) if name in names]}
        for one in whole["dependencies"]
        if one["ref"] in names
    ]
    return whole


def pins() -> list[Requirement]:
    """Return what requirements.txt pins."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    return [Requirement(line.removesuffix("\\").strip()) for line in lines if re.match(r"[A-Za-z0-9]", line)]


def faults(whole: Component) -> Iterator[str]:
    """Yield what is missing: a pin that is not named, the licence of a package."""
    named = {(canonicalize_name(one["name"]), one["version"]) for one in whole["components"]}
    for pin in pins():
        if (canonicalize_name(pin.name), str(pin.specifier).removeprefix("==")) not in named:
            yield f"{pin} is pinned and not named"
    for one in whole["components"]:
        if not one.get("licenses") and not one.get("properties"):
            yield f"{one['name']} {one['version']} has no licence"


def _against_the_standard(whole: Component) -> Iterator[str]:
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(whole))
    if fault is not None:
        yield f"it is no CycloneDX: {fault}"


def _of_python() -> Component:
    command = [
        "cyclonedx_py",
        "environment",
        "--pyproject",
        str(ROOT / "pyproject.toml"),
        "--output-reproducible",
        "--no-validate",
        sys.executable,
    ]
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"sbom: the packages that are installed cannot be listed: {done.stderr.strip()}")
    found: Component = json.loads(done.stdout)
    return found


def _pinned(pin: Requirement) -> Component:
    """Return a package that is not installed here, because its pin is for another machine or another Python."""
    name, version = canonicalize_name(pin.name), str(pin.specifier).removeprefix("==")
    reason = str(pin.marker) if pin.marker and not pin.marker.evaluate() else ""
    properties = [{"name": "tocsin:only_where", "value": reason}] if reason else []
    purl = f"pkg:pypi/{name}@{version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "purl": purl,
        "name": name,
        "version": version,
        "properties": properties,
    }


def _of_npm() -> Iterator[Component]:
    """Yield what the scripts of the pages are built with, but for what only checks them."""
    lock = json.loads((ROOT / "islands" / "package-lock.json").read_text("utf-8"))
    for path, one in lock["packages"].items():
        if not path or one.get("dev"):
            continue
        name = path.rpartition("node_modules/")[2]
        purl = f"pkg:npm/{name.replace('@', '%40')}@{one['version']}"
        algorithm, _, digest = one["integrity"].partition("-")
        yield {
            "type": "library",
            "bom-ref": purl,
            "purl": purl,
            "name": name,
            "version": one["version"],
            "licenses": _licence(one["license"]) if one.get("license") else [],
            "hashes": [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(digest).hex()}],
        }


def _licence(said: str) -> list[Component]:
    return [{"expression": said}] if " " in said else [{"license": {"id": said}}]


if __name__ == "__main__":
    main()
