"""What the architecture promises and no other tool checks: tenancy of SQL, sizes, floors, and errors with their codes."""

import ast
import importlib
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tocsin import cli
from tocsin.domain import errors
from tocsin.domain.errors import ConfigurationError, InvalidInputError, StoreInUseError, TocsinError
from tocsin.schemas import problems

_parser = importlib.import_module("re._parser")  # what the compiler of patterns itself uses
ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "tocsin"
MODULES = sorted(SOURCE.rglob("*.py"))

LONGEST_MODULE = 300  # lines
LONGEST_FUNCTION = 40
MEDIAN_FUNCTION = 10


def patterns() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Yield all patterns that modules keep, by their names."""
    for path in MODULES:
        name = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
        if not name.endswith("__main__"):
            for word, value in vars(importlib.import_module(name)).items():
                if isinstance(value, re.Pattern):
                    yield f"{name}.{word}", value


def has_a_possessive_group(items: object) -> bool:
    """Tell whether what `re` made of a pattern holds a possessive group; a single character that repeats is none."""
    if isinstance(items, tuple) and items and str(items[0]) in {"POSSESSIVE_REPEAT", "ATOMIC_GROUP"}:
        inner = items[1][2] if str(items[0]) == "POSSESSIVE_REPEAT" else items[1]
        return len(inner) > 1 or str(inner[0][0]) not in {"IN", "ANY", "LITERAL", "NOT_LITERAL"}
    return isinstance(items, (list, tuple, _parser.SubPattern)) and any(map(has_a_possessive_group, items))


def test_no_pattern_needs_a_python_that_matches_possessive_groups() -> None:
    # Python before 3.11.5 gets them wrong (CPython issue 106052), Debian 12's among them: every message would be refused.
    assert has_a_possessive_group(_parser.parse("(?:ab)*+"))
    assert not has_a_possessive_group(_parser.parse("(?:a++b)*[cd]*+"))

    assert [name for name, one in patterns() if has_a_possessive_group(_parser.parse(one.pattern, one.flags))] == []


# Tenancy: every statement keeps to one workspace

STATEMENT = re.compile(r"(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
NAMES_ONE = re.compile(r"workspace_id = :|VALUES \(.*:workspace_id")
# Each of these would let a row of another workspace in.
UNBOUND_WHERE = re.compile(r"\bWHERE (?!(\w+\.)?workspace_id = )")
UNBOUND_JOIN = re.compile(r"\bJOIN \w+( \w+)? ON (?!\w+\.workspace_id = \w+\.workspace_id)")

WORKSPACE = (
    "SELECT workspace_id, subdomain, name, time_zone, locale, mail_from, created_at, restored_at FROM workspaces"
)
API_KEY = "SELECT workspace_id, id, name, scopes, created_at, revoked_at, expires_at, secret_hash FROM api_keys"
# How the statements begin that cross workspaces, by module, and why they may.
CROSSING = {
    ("workspaces.py", f"{WORKSPACE} ORDER BY subdomain"): "the operator lists all workspaces",
    ("workspaces.py", f"{WORKSPACE} WHERE subdomain = :subdomain"): "finds the workspace, by its address",
    ("workspaces.py", f"{WORKSPACE} LIMIT 2"): "finds the workspace, if there is only one",
    ("workspaces.py", f"{API_KEY} WHERE id = :id"): "a key tells its workspace; access.py compares it with the address",
    ("queue.py", "WITH due AS"): "workers serve all workspaces",
    (
        "queue_state.py",
        "SELECT count(*) AS n FROM deliveries WHERE state = 'sending'",
    ): "the operator watches all workspaces",
    ("queue_state.py", "SELECT count(*) AS n, min(at) AS at FROM ("): "the operator watches all workspaces",
    ("migrate.py", "SELECT version, name FROM migrations"): "migrations are of no workspace",
    ("queue.py", "UPDATE deliveries SET next_at = :ends WHERE state"): "a worker holds deliveries of all workspaces",
    ("queue.py", "SELECT DISTINCT leased_by FROM deliveries"): "a worker holds deliveries of all workspaces",
    ("queue.py", "SELECT min(next_at)"): "workers serve all workspaces",
    ("queue.py", "SELECT d.recipient_key FROM deliveries d WHERE d. AND d.action"): "workers serve all workspaces",
    ("queue.py", "SELECT workspace_id, rule_id FROM rule_plans ORDER"): "workers serve all workspaces",
    ("queue.py", "SELECT DISTINCT workspace_id FROM audit"): "what is old is old in every workspace",
    ("queue.py", "SELECT FROM deliveries WHERE state = 'paused'"): "workers serve all workspaces",
    ("queue.py", "DELETE FROM answers WHERE answered_at < :before"): "what is old is old in every workspace",
    ("queue.py", "DELETE FROM dry_runs WHERE made_at < :before"): "what is old is old in every workspace",
    ("queue_state.py", "SELECT count(*) AS n"): "the operator watches the queue as a whole",
    ("source_queue.py", "SELECT workspace_id, source_id, id FROM source_calls"): "workers serve all workspaces",
    ("source_queue.py", "SELECT workspace_id, source_id, id FROM source_bookings"): "workers serve all workspaces",
    ("source_queue.py", "SELECT workspace_id, source_id, next_at FROM source_looks"): "workers serve all workspaces",
    ("source_queue.py", "UPDATE source_calls SET box = NULL"): "what is old is old in every workspace",
    ("source_queue.py", "DELETE FROM source_calls WHERE last_at < :before"): "what is old is old in every workspace",
    ("answers.py", "SELECT pg_try_advisory_xact_lock"): "reads no table, and the lock's key holds the workspace",
    ("hints.py", "SELECT pg_notify"): "reads no table",
    ("postgres.py", "SELECT pg_backend_pid"): "reads no table",
    ("persons.py", "SELECT m.name AS tab"): "reads no table, but which there are",
    ("persons.py", "SELECT table_name AS tab"): "reads no table, but which there are",
    ("copies.py", "SELECT count(*) FROM sqlite_master"): "reads no table, but whether there is one",
    ("copies.py", "SELECT max(version) FROM migrations"): "the one table that belongs to no workspace",
    ("postgres.py", "SELECT current_setting"): "reads no table of ours",
    ("clock.py", "SELECT CAST(extract(epoch FROM clock_timestamp())"): "reads no table",
    ("migrate.py", "SELECT pg_advisory_xact_lock"): "reads no table",
    ("migrate.py", "SELECT tablename FROM pg_tables"): "reads no table of ours",
    ("migrate.py", "LOCK TABLE"): "a migration changes the tables of all workspaces",
    ("migrate.py", "SELECT version, name, checksum FROM migrations"): "the one table that belongs to no workspace",
    ("migrate.py", "INSERT INTO migrations"): "the one table that belongs to no workspace",
}
Names = dict[str, ast.expr]


def assigned(body: Iterator[ast.AST] | list[ast.stmt]) -> Names:
    return {
        target.id: node.value
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def text(node: ast.AST, names: Names) -> str:
    """Return all the text in an expression, with what is assigned to the names in it."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.Name):
        others = {name: value for name, value in names.items() if name != node.id}
        return text(names[node.id], others) if node.id in names else ""
    return "".join(text(child, names) for child in ast.iter_child_nodes(node))


def strings(node: ast.AST, names: Names) -> Iterator[str]:
    """Yield each string expression in `node`, whole and in one line."""
    if isinstance(node, ast.FunctionDef):
        names = names | assigned(ast.walk(node))
    if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
        yield " ".join(text(node, names).split())
        return
    for child in ast.iter_child_nodes(node):
        yield from strings(child, names)


def every_string(source: str) -> list[str]:
    tree = ast.parse(source)
    return list(strings(tree, assigned(tree.body)))


def unscoped(source: str) -> list[str]:
    """Return the SQL in a module that does not keep to one workspace."""
    return [sql for sql in every_string(source) if not keeps_to_one(sql)]


def keeps_to_one(sql: str) -> bool:
    # What an upsert finds in its way has the same key, and so the same workspace.
    plain, _, _ = sql.partition(" DO UPDATE ")
    if UNBOUND_WHERE.search(plain) or UNBOUND_JOIN.search(plain):
        return False
    return not STATEMENT.match(plain) or bool(NAMES_ONE.search(plain))


def test_every_statement_keeps_to_one_workspace_or_has_a_reason() -> None:
    found = [
        (path.name, sql) for path in sorted((SOURCE / "storage").glob("*.py")) for sql in unscoped(path.read_text())
    ]

    without_reason = [
        one for one in found if not any(one[0] == module and one[1].startswith(start) for module, start in CROSSING)
    ]
    unused = [
        (module, start) for module, start in CROSSING if not any(m == module and s.startswith(start) for m, s in found)
    ]

    assert without_reason == []
    assert unused == []


def test_the_whole_of_storage_is_read() -> None:
    seen = [
        sql
        for path in (SOURCE / "storage").glob("*.py")
        for sql in every_string(path.read_text())
        if STATEMENT.match(sql)
    ]

    assert len(seen) > 80


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param('run("DELETE FROM bookings WHERE id = :id")', id="a deletion"),
        pytest.param('run("SELECT id FROM bookings")', id="all rows"),
        pytest.param('rows("SELECT workspace_id, id FROM bookings LIMIT 1")', id="the column alone"),
        pytest.param('run("INSERT INTO members (id) VALUES (:id)")', id="an insertion"),
        pytest.param('run("UPDATE members SET name = :name")', id="a change"),
        pytest.param(
            'SQL = "SELECT id FROM bookings"\ndef f():\n    run(f"{SQL} WHERE id = :id")',
            id="put together from a constant",
        ),
        pytest.param(
            'def f():\n    sql = "WHERE id = :id"\n    run(f"SELECT id FROM t {sql}")', id="put together at hand"
        ),
        pytest.param('C = {"x": "EXISTS (SELECT 1 FROM t WHERE t.id = :id)"}', id="a clause of a statement"),
        pytest.param(
            'run("SELECT a.id FROM a JOIN b ON b.id = a.b_id WHERE a.workspace_id = :workspace_id")', id="an open join"
        ),
        pytest.param(
            'run("DELETE FROM a WHERE workspace_id = :w AND id IN (SELECT id FROM b WHERE x = :x)")', id="a subquery"
        ),
    ],
)
def test_a_statement_that_crosses_workspaces_is_caught(planted: str) -> None:
    assert unscoped(planted) != []


@pytest.mark.parametrize(
    "fine",
    [
        'run("SELECT a.id FROM a JOIN b ON b.workspace_id = a.workspace_id AND b.id = a.b WHERE a.workspace_id = :w")',
        'run("INSERT INTO t (workspace_id, id) VALUES (:workspace_id, :id)")',
        'print("Select one")',
    ],
)
def test_a_statement_of_one_workspace_is_not_caught(fine: str) -> None:
    assert unscoped(fine) == []


# Sizes


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the name and the lines of each function of a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{path.relative_to(SOURCE)}:{node.name}", node.end_lineno - node.lineno + 1


def test_no_module_is_too_long_to_hold_in_the_head() -> None:
    long = {str(path.relative_to(SOURCE)): len(path.read_text().splitlines()) for path in MODULES}

    assert {path: lines for path, lines in long.items() if lines > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = [(name, lines) for path in MODULES for name, lines in functions(path) if lines > LONGEST_FUNCTION]

    assert long == []


def test_most_functions_are_short() -> None:
    lines = [lines for path in MODULES for _, lines in functions(path)]

    assert len(lines) > 300
    assert median(lines) <= MEDIAN_FUNCTION


# Floors


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {"PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a copy of the project's source and settings, to be spoilt."""
    shutil.copytree(
        SOURCE, tmp_path / "src" / "tocsin", ignore=shutil.ignore_patterns("__pycache__", "static", "*.html")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_keeps_all_contracts(copy: Path) -> None:
    report = lint_imports(copy)

    assert report.returncode == 0, report.stdout
    assert " 0 broken" in report.stdout


@pytest.mark.parametrize(
    ("planted", "contract"),
    [
        pytest.param({"domain/model.py": "import sqlite3"}, "The domain is pure", id="the domain does I/O"),
        pytest.param(
            {"domain/model.py": "from tocsin.services import ports"}, "Arrows point down", id="an arrow points up"
        ),
        pytest.param(
            {"services/rules.py": "from tocsin.storage import store"}, "Arrows point down", id="services know storage"
        ),
        pytest.param(
            {"api/rules.py": "from tocsin.storage import store"},
            "Only bootstrap and adapters know which there are",
            id="a face knows storage",
        ),
        pytest.param(
            {"storage/store.py": "from tocsin.mail import smtp"}, "Arrows point down", id="neighbours know each other"
        ),
        pytest.param({"formats/ics.py": "import socket"}, "Formats do no I/O", id="a format does I/O"),
        pytest.param(
            {"services/rules.py": "import psycopg"}, "One home for each third party", id="a driver far from its home"
        ),
        pytest.param(
            {"novelty.py": '"""No floor was given to this."""'}, "Arrows point down", id="a module without a floor"
        ),
        pytest.param(
            {
                "services/one.py": "from tocsin.services import two",
                "services/two.py": "from tocsin.services import one",
            },
            "No cycles between siblings",
            id="two siblings in a cycle",
        ),
        pytest.param(
            {
                "domain/model.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tocsin.services import ports"
            },
            "Arrows point down",
            id="an arrow for types only",
        ),
    ],
)
def test_a_planted_violation_is_caught(copy: Path, planted: dict[str, str], contract: str) -> None:
    for name, line in planted.items():
        path = copy / "src" / "tocsin" / name
        path.write_text(f"{path.read_text() if path.exists() else ''}\n{line}\n")

    report = lint_imports(copy)

    assert report.returncode != 0
    assert re.search(rf"^{re.escape(contract)}( BROKEN)?$", report.stdout, re.MULTILINE), report.stdout


# Errors


def every_error() -> list[type[TocsinError]]:
    found = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, TocsinError)]
    return [cls for cls in found if cls is not TocsinError]


def test_every_error_has_a_status_and_only_one_that_stops_the_start_has_none() -> None:
    assert set(problems.STATUS) == set(every_error())
    assert {cls for cls, status in problems.STATUS.items() if status is None} == {
        cls for cls in every_error() if issubclass(cls, ConfigurationError)
    }


def test_no_error_that_is_anybodys_fault_but_ours_is_a_500() -> None:
    assert 500 not in problems.STATUS.values()


@pytest.mark.parametrize("cls", every_error(), ids=lambda cls: cls.__name__)
def test_every_error_ends_the_command_line_with_a_code_of_its_kind(cls: type[TocsinError]) -> None:
    expected = cli.FAILED
    if issubclass(cls, InvalidInputError):
        expected = cli.WRONG_USE
    if issubclass(cls, ConfigurationError) and cls is not StoreInUseError:
        expected = cli.WRONG_CONFIGURATION

    assert cli.exit_code(cls.__new__(cls)) == expected != 0
