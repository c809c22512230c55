"""deploy/compose.yaml: there is no engine to run it, so all that it names is looked for where it must be."""

import ipaddress
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.deploy.image import ROOT, stages
from tests.deploy.settings import is_a_command, is_a_setting
from tests.docs.blocks import blocks
from tocsin.settings import SHORTEST_SECRET, Settings

FILE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "tocsin"}
GRACE_S = 90


def test_ours_and_a_database_are_in_it() -> None:
    assert set(OURS) == {"api", "worker", "migrate"}
    assert re.fullmatch(r"postgres:1[4-9]", SERVICES["postgres"]["image"])


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_a_command_that_there_is_with_settings_that_there_are(name: str) -> None:
    service = OURS[name]

    assert is_a_command(service["command"])
    assert [one for one in service["environment"] if not is_a_setting(one)] == []
    build = service["build"]
    assert (ROOT / "deploy" / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_can_write_nowhere_gain_nothing_and_ends_in_its_time(name: str) -> None:
    service = OURS[name]

    assert (service["read_only"], service["tmpfs"], service["cap_drop"]) == (True, ["/tmp"], ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["stop_grace_period"] == f"{GRACE_S}s"


def test_secrets_are_files_that_git_and_the_image_do_not_have() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()

    assert "/deploy/secrets/" in ignored
    assert FILE["secrets"] == {name: {"file": f"secrets/{name}"} for name in FILE["secrets"]}
    for service in SERVICES.values():
        files = [value for name, value in service["environment"].items() if name.endswith("_FILE")]
        assert sorted(files) == sorted(f"/run/secrets/{name}" for name in service["secrets"])
        plain = [
            name
            for name in service["environment"]
            if re.search(r"(PASSWORD|SECRET|KEY|TOKEN|SMTP_URL|DATABASE_URL)$", name)
        ]
        assert plain == []
    assert {name for service in SERVICES.values() for name in service["secrets"]} == set(FILE["secrets"])


def test_who_waits_for_whom_leads_from_the_database_to_the_api() -> None:
    waits = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}

    assert waits == {
        "api": {"migrate": {"condition": "service_completed_successfully"}},
        "worker": {"migrate": {"condition": "service_completed_successfully"}},
        "migrate": {"postgres": {"condition": "service_healthy"}},
        "postgres": {},
    }
    assert "healthcheck" in SERVICES["postgres"]
    assert SERVICES["migrate"]["restart"] == "no"  # it ends, and who waits for it wants that


def test_only_this_machine_reaches_it_and_the_proxy_on_it_is_believed() -> None:
    exposed = next(one.rest for one in stages()[-1] if one.word == "EXPOSE")
    (network,) = FILE["networks"]["default"]["ipam"]["config"]

    assert [service["ports"] for service in SERVICES.values() if "ports" in service] == [[f"127.0.0.1:8000:{exposed}"]]
    assert ipaddress.ip_network(network["subnet"]).is_private
    assert {service["environment"]["TOCSIN_PROXIES"] for service in OURS.values()} == {network["subnet"]}


def test_volumes_are_declared_and_ours_is_where_the_image_has_it() -> None:
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service["volumes"]}
    (kept,) = next(one for one in stages()[-1] if one.word == "VOLUME").words()

    assert used == set(FILE["volumes"])
    for service in OURS.values():
        assert (service["volumes"], service["environment"]["TOCSIN_STATE_DIR"]) == ([f"state:{kept}"], kept)


def test_the_secrets_as_the_page_writes_them_are_such_as_the_program_takes(tmp_path: Path) -> None:
    (written,) = [one.text for one in blocks("docs/deploy.md") if "secrets/database_url" in one.text]
    (tmp_path / "deploy").mkdir()

    typed = written.partition("docker")[0]
    subprocess.run(["bash", "-euc", typed], cwd=tmp_path, check=True, timeout=60)

    folder = tmp_path / "deploy" / "secrets"
    assert {path.name for path in folder.iterdir()} == set(FILE["secrets"])
    assert (folder.stat().st_mode & 0o777, {path.stat().st_mode & 0o777 for path in folder.iterdir()}) == (
        0o700,
        {0o444},
    )
    environment = OURS["api"]["environment"] | {"TOCSIN_STATE_DIR": str(tmp_path)}
    there = {name: value.replace("/run/secrets", str(folder)) for name, value in environment.items()}
    settings = Settings.from_environment(there)
    password = (folder / "database_password").read_text("utf-8").strip()
    assert urlsplit(settings.database_url).password == password
    assert urlsplit(settings.database_url).hostname in SERVICES
    assert len(settings.secret_key) >= SHORTEST_SECRET
    assert len(password) == 32
