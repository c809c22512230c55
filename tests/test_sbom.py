"""The list of packages (SBOM): what a server is made of, all of it, with version and licence."""

import copy
import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
made = runpy.run_path(str(ROOT / "scripts" / "sbom.py"))


@pytest.fixture(scope="module")
def sbom() -> dict[str, Any]:
    found: dict[str, Any] = made["document"]()
    return found


def test_every_package_that_is_installed_for_a_server_stands_in_it_with_version_and_licence(
    sbom: dict[str, Any],
) -> None:
    named = {(canonicalize_name(one["name"]), one["version"]): one for one in sbom["components"]}
    pinned = {(canonicalize_name(one.name), str(one.specifier).removeprefix("==")): one for one in made["pins"]()}

    assert len(pinned) > 40
    assert set(pinned) <= set(named)
    assert [name for name, one in named.items() if not one.get("licenses") and not one.get("properties")] == []


def test_what_the_pages_scripts_are_built_of_stands_in_it_too(sbom: dict[str, Any]) -> None:
    lock = json.loads((ROOT / "islands" / "package-lock.json").read_text("utf-8"))["packages"]
    used = {
        f"{path.rpartition('node_modules/')[2]}@{one['version']}"
        for path, one in lock.items()
        if path and "dev" not in one
    }

    named = {f"{one['name']}@{one['version']}" for one in sbom["components"] if one["purl"].startswith("pkg:npm/")}

    assert "esbuild" in {name.rpartition("@")[0] for name in named}
    assert named == used


def test_no_tool_of_the_tests_stands_in_it(sbom: dict[str, Any]) -> None:
    assert {"pytest", "sphinx", "mypy"}.isdisjoint(one["name"].lower() for one in sbom["components"])


def test_nothing_is_missing_and_it_says_nothing_of_the_machine_that_made_it(sbom: dict[str, Any]) -> None:
    assert (sbom["bomFormat"], sbom["metadata"]["component"]["name"]) == ("CycloneDX", "tocsin")
    assert [*made["faults"](sbom)] == []
    assert str(ROOT) not in json.dumps(sbom)


def test_a_package_that_is_left_out_or_has_no_licence_is_named(sbom: dict[str, Any]) -> None:
    wrong = copy.deepcopy(sbom)
    lost = next(one for one in wrong["components"] if one["name"] == "starlette")
    bare = next(one for one in wrong["components"] if one["name"] == "uvicorn")
    wrong["components"].remove(lost)
    del bare["licenses"]

    told = " | ".join(made["faults"](wrong))

    assert f"starlette=={lost['version']} is pinned and not named" in told
    assert f"uvicorn {bare['version']} has no licence" in told
