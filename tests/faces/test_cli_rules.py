"""`tocsin rules`: planned, applied, exported and imported as a stranger types it, on each store and through a server."""

import io
import json
import re
from pathlib import Path

import httpx
import pytest

from tests.faces.running import Program
from tests.faces.shell import Shell
from tests.faces.test_cli import SECRET, port_of, program
from tocsin import bootstrap
from tocsin.formats import yaml_document
from tocsin.schemas.rule_set import schema
from tocsin.services import links

__all__ = ["program"]
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def shell(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Shell:
    """Give the command line on a fresh store of each sort, with the workspaces acme and globex that have the link intro."""
    for name in ("TOCSIN_API_KEY", "TOCSIN_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    if request.param == "postgresql":
        monkeypatch.setenv("TOCSIN_DATABASE_URL", request.getfixturevalue("postgres_url"))
        monkeypatch.setenv("TOCSIN_SECRET_KEY", SECRET)
    monkeypatch.chdir(tmp_path)
    shell = Shell(capsys)
    shell("migrate")
    for subdomain in ("acme", "globex"):
        shell.done("workspace", "create", subdomain)
        _with_a_link(subdomain)
    return shell


def _with_a_link(subdomain: str) -> None:
    app = bootstrap.open_app(bootstrap.settings())
    try:
        with app.store.directory() as directory:
            workspace = directory.by_subdomain(subdomain)
        assert workspace is not None
        with app.store.transaction(workspace.id) as tx:
            draft = links.LinkDraft(slug="intro", name="Intro", hosts=("zoe@example.com",))
            links.create(tx, draft, template_id=None, is_template=False, now=app.clock(), chance=app.chance)
    finally:
        app.close()


FILE = """\
version: 1
rules:
  - name: Tell the team
    event: booking_confirmed
    meetings: [intro]
    actions:
      - type: send_calendar_invite_to_anyone
        emails: [team@example.com]
        email_subject: no
        email_body: |
          <p>Hello,</p>
          <p>{{client.name}} comes.</p>
        calendar_invite_subject: 10:30
        calendar_invite_body: <p>See you</p>
"""


def test_a_stranger_plans_applies_edits_and_exports(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(FILE)

    first = shell.done("rules", "plan", "acme", "rules.yaml")
    assert first.startswith('+ Tell the team  (booking_confirmed)\n    meetings: ["intro"]\n')
    assert '    actions[0].email_subject: "no"\n' in first
    assert first.endswith("\nPlan: 1 to create, 0 to change, 0 to delete.\n")
    assert shell("rules", "plan", "acme", "rules.yaml", "--check")[0] == 1
    assert shell.done("rules", "apply", "acme", "rules.yaml", "--yes").endswith(
        "Applied: 1 created, 0 changed, 0 deleted.\n"
    )
    assert shell.done("rules", "plan", "acme", "rules.yaml", "--check") == "No changes. 1 rule is as the file says.\n"
    assert shell.done("rules", "apply", "acme", "rules.yaml") == "No changes. 1 rule is as the file says.\n"

    text = shell.done("rules", "export", "acme")
    assert yaml_document.read(text).value["rules"][0]["actions"][0]["calendar_invite_subject"] == "10:30"
    assert shell.json("rules", "export", "acme") == yaml_document.read(text).value
    (tmp_path / "out.yaml").write_text(text)
    shell.done("rules", "apply", "globex", "out.yaml", "--yes")
    assert shell.done("rules", "export", "globex") == text

    file.write_text(
        FILE.replace("{{client.name}} comes", "{{client.name}} is here").replace("Tell the team", "Tell all")
    )
    assert "- Tell the team" in shell.done("rules", "plan", "acme", "rules.yaml")
    file.write_text(FILE.replace("{{client.name}} comes", "{{client.name}} is here"))
    plan = shell.done("rules", "plan", "acme", "rules.yaml")
    assert plan == (
        "~ Tell the team  (booking_confirmed)\n"
        "    actions[0].email_body:\n"
        "       <p>Hello,</p>\n"
        "      -<p>{{client.name}} comes.</p>\n"
        "      +<p>{{client.name}} is here.</p>\n"
        "\n"
        "Plan: 0 to create, 1 to change, 0 to delete.\n"
    )
    file.write_text("version: 1\nrules: []\n")
    assert shell.done("rules", "plan", "acme", "rules.yaml") == (
        "- Tell the team  (booking_confirmed)\n\nPlan: 0 to create, 0 to change, 1 to delete.\n"
    )
    data = shell.json("rules", "apply", "acme", "rules.yaml", "--yes")
    assert (data["to_delete"], data["steps"][0]["change"]) == (1, "delete")
    assert shell.json("rules", "list", "acme") == []


@pytest.mark.parametrize(("answer", "left"), [("", 0), ("n\n", 0), ("y\n", 1)])
def test_applying_asks_first_and_no_answer_is_no(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, left: int
) -> None:
    (tmp_path / "rules.yaml").write_text(FILE)
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    ended, shown, asked = shell("rules", "apply", "acme", "rules.yaml")

    assert (ended, "Apply this plan?" in asked) == (1 - left, True)
    assert "Plan: 1 to create" in shown
    assert len(shell.json("rules", "list", "acme")) == left


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FILE.replace("booking_confirmed", "booking_eaten"), "rules.yaml:4: rules[0].event: must be one of"),
        (
            FILE.replace("[intro]", "[intro, nowhere]"),
            "rules.yaml:5: rules[0].meetings[1]: there is no scheduling link with the",
        ),
        (
            FILE.replace("<p>{{cl", "<p>{{dl"),
            "rules.yaml:10: rules[0].actions[0].email_body: unknown variable {{dlient.name}}; did",
        ),
        (FILE.replace("  - name", "  - nam"), "rules.yaml:3: rules[0].nam: is not a field here; did you mean name?"),
        (
            FILE.replace("emails:", "email_subject: x\n        emails:"),
            "rules.yaml:10: names email_subject twice; keep one",
        ),
        (FILE.replace("[team@example.com]", "no"), "rules.yaml:8: rules[0].actions[0].emails: must be a list"),
        (
            FILE.replace("        email_subject: no\n", ""),
            "rules.yaml:7: rules[0].actions[0].email_subject: is required",
        ),
        (
            FILE.replace("version: 1", "version: 2"),
            "rules.yaml:1: version: must be 1, the only form that is known here",
        ),
        (FILE.replace("version: 1\n", ""), "rules.yaml:1: version: is required"),
        (
            FILE.replace("    event", "    enabled: yes\n    event"),
            "rules.yaml:4: rules[0].enabled: must be true or false",
        ),
        ("- a\n", "rules.yaml:1: must hold `version: 1` and `rules:`"),
        ("", "rules.yaml: is empty"),
        ("a: [\n", "rules.yaml:2: is no YAML"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(shell: Shell, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "rules.yaml").write_text(text)

    assert shell.refused(2, "rules", "plan", "acme", "rules.yaml").startswith(words)
    assert shell.refused(2, "rules", "apply", "acme", "rules.yaml", "--yes").startswith(words)


def test_of_many_wrong_fields_ten_are_told(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("version: 1\nrules:\n" + "  - {}\n" * 20)

    said = shell.refused(2, "rules", "plan", "acme", "rules.yaml")

    assert said.count("is required") == 10
    assert said.endswith("rules.yaml: 50 more fields are wrong")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["plan", "acme", "nothing.yaml"], 2, "nothing.yaml: cannot be read (No such file or directory)"),
        (["plan", "acme", "latin.yaml"], 2, "latin.yaml:2: is not UTF-8; save it as UTF-8"),
        (["plan", "rules.yaml"], 2, "SUBDOMAIN: give the workspace, or --url"),
        (["plan", "acme", "globex", "rules.yaml"], 2, "SUBDOMAIN: give the workspace, or --url"),
        (["plan"], 2, "Missing parameter: where"),
        (["plan", "nobody", "rules.yaml"], 1, "there is no workspace called nobody"),
        (["export"], 2, "SUBDOMAIN: give the workspace, or --url"),
        (["export", "nobody"], 1, "there is no workspace called nobody"),
        (["export", "acme", "--url", "http://localhost:1"], 2, "SUBDOMAIN: give the file alone"),
        (["export", "acme", "--neetocal"], 2, "--url: goes with --key-file and --neetocal"),
        (["apply", "acme", "rules.yaml", "--replace"], 2, "--url: goes with"),
        (["apply", "acme", "-"], 2, "--yes: is needed with --json and with standard input"),
        (["apply", "acme", "rules.yaml", "--json"], 2, "--yes: is needed with --json"),
        (["plan", "--url", "http://localhost:1", "rules.yaml"], 78, "TOCSIN_API_KEY is not set; put the API key there"),
        (["plan", "--url", "http://localhost:1", "--key-file", "empty", "rules.yaml"], 78, "empty is empty; put the API"),
        (["plan", "--url", "http://localhost:1", "--key-file", "none", "rules.yaml"], 78, "--key-file: cannot read none"),
        (["plan", "--url", "ftp://x", "--key-file", "key", "rules.yaml"], 2, "--url: ftp://x is no address of"),
        (["plan", "--url", "http://x/api", "--key-file", "key", "rules.yaml"], 2, "--url: http://x/api has a path; give the"),
        (["plan", "--url", "http://x", "--key-file", "rules.yaml", "rules.yaml"], 2, "--url: the API key is empty or"),
        (["import", "cal-com", "rules.yaml"], 2, "FILE: is no JSON"),
        (["import", "cal-com", "rules.yaml", "--meeting", "1"], 2, "--meeting: 1 is no ID=SLUG"),
        (["import", "calendly", "rules.yaml"], 2, "No such command 'calendly'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)  # fmt: skip
def test_wrong_use_is_told_in_one_line(
    shell: Shell, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    (tmp_path / "rules.yaml").write_text(FILE)
    (tmp_path / "latin.yaml").write_bytes(b"a: b\nc: \xff\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "key").write_text("tocsin_x_y\n")

    assert shell.refused(code, "rules", *arguments).startswith(words)


def test_rules_can_come_from_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FILE.encode())))
    assert "Plan: 1 to create" in shell.done("rules", "apply", "acme", "-", "--yes")

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a: [\n")))
    assert shell.refused(2, "rules", "plan", "acme", "-").startswith("standard input:2: is no YAML")


def test_while_a_server_runs_the_commands_go_through_it_or_through_its_api(
    program: Program, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell, url = Shell(capsys), f"http://acme.localhost:{port_of(program)}"
    monkeypatch.chdir(program.folder)
    for name, value in program.environment.items():
        monkeypatch.setenv(name, value)
    Path("rules.yaml").write_text(FILE)
    Path("bad.yaml").write_text(FILE.replace("booking_confirmed", "booking_eaten").replace("[team@", "[team.at."))
    with program.started("serve", says="Tocsin") as running:
        for subdomain in ("acme", "globex"):
            shell.done("workspace", "create", subdomain)
        key = shell.done("key", "create", "acme").strip()
        Path("key").write_text(f"{key}\n")
        link = {"slug": "intro", "name": "Intro", "hosts": ["zoe@example.com"], "duration": 30}
        headers = {"Host": url.removeprefix("http://"), "X-Api-Key": key}
        there = f"http://127.0.0.1:{port_of(program)}/api/external/v2/meetings"
        assert httpx.post(there, json=link, headers=headers).status_code == 201
        api = ("--url", url, "--key-file", "key")

        said = shell.refused(2, "rules", "plan", "acme", "bad.yaml")
        assert said.startswith("bad.yaml:4: rules[0].event: must be one of")
        assert "; bad.yaml:8: rules[0].actions[0].emails[0]: " in said
        assert shell.refused(2, "rules", "plan", *api, "bad.yaml") == said
        assert "Plan: 1 to create" in shell.done("rules", "plan", "acme", "rules.yaml")
        assert "Applied: 1 created" in shell.done("rules", "apply", *api, "rules.yaml", "--yes")
        assert shell.done("rules", "plan", "acme", "rules.yaml") == "No changes. 1 rule is as the file says.\n"
        mine = shell.done("rules", "export", "acme")
        assert shell.done("rules", "export", *api) == mine
        seen = shell.done("rules", "plan", *api, "--neetocal", "rules.yaml")
        assert seen.startswith("NeetoCal lists only the names and meetings of its rules.")
        assert seen.endswith("\nNo changes. 1 rule is as the file says.\n")
        assert "there is nothing to export" in shell.refused(2, "rules", "export", *api, "--neetocal")
        Path("rules.yaml").write_text("version: 1\nrules: []\n")
        assert "1 deleted" in shell.done("rules", "apply", "acme", "rules.yaml", "--yes")
        monkeypatch.setenv("TOCSIN_API_KEY", key)
        assert (
            shell.done("rules", "plan", "--url", url, "rules.yaml")
            == "No changes. There are no rules, as the file says.\n"
        )
        monkeypatch.setenv("TOCSIN_API_KEY", "tocsin_0_0")
        assert shell.refused(1, "rules", "export", "--url", url) == "Could not authenticate, invalid API Key"

        assert running.stop() == 0
        assert "Traceback" not in running.errors()


def test_workflows_of_cal_com_become_a_file_that_can_be_applied(shell: Shell, tmp_path: Path) -> None:
    message = {"subject": "Hello {ATTENDEE}", "html": "<p>{CANCEL_URL}See you</p>"}
    step = {"stepNumber": 1, "action": "email_attendee", "includeCalendarEvent": True, "message": message}
    workflow = {"name": "Welcome", "trigger": {"type": "newEvent"}, "steps": [step]}
    (tmp_path / "cal.json").write_text(json.dumps({"status": "success", "data": [workflow]}))

    code, text, notes = shell("rules", "import", "cal-com", "cal.json", "--meeting", "all=intro")

    assert code == 0
    assert notes == (
        "tocsin: workflow Welcome: step 1 speaks of {CANCEL_URL}, for which there is no variable; it is taken out\n"
    )
    (tmp_path / "rules.yaml").write_text(text)
    assert "Applied: 1 created" in shell.done("rules", "apply", "acme", "rules.yaml", "--yes")


def test_the_example_of_the_documents_can_be_applied(shell: Shell, tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "rules-as-code.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "rules.yaml").write_text(example.replace("intro-call", "intro"))

    assert "Applied: 2 created" in shell.done("rules", "apply", "acme", "rules.yaml", "--yes")


def test_the_published_schema_is_made_from_the_code(shell: Shell) -> None:
    published = (ROOT / "docs" / "rules.schema.json").read_text("utf-8")

    assert json.loads(published) == schema(), "run `make reference`"
    assert shell.done("rules", "schema") == published
