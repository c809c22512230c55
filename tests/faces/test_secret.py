"""After the secret was replaced: what lay in boxes is there as before, the log is a whole chain, and what ended is told."""

import ast
import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from tests.builders import an_inbound_call
from tests.faces.client import Client, Json, made, on_the_line, part
from tests.faces.test_audit import entries
from tests.faces.test_second_factor import FACTOR, Phone, answered, asked, set_up, turned_on
from tests.faces.visitor import Visitor, signed_in
from tests.formats.keys import SIGNED_AT
from tests.formats.letters import a_letter
from tests.sources.senders import Other, connected_to, first
from tests.storage.shelf import rows
from tests.verifier import is_verified
from tocsin.bootstrap import _run
from tocsin.domain.audit import chain_key
from tocsin.domain.errors import ConflictError
from tocsin.domain.model import WorkspaceId
from tocsin.domain.sources.source import SourceId
from tocsin.formats import mime, secretbox
from tocsin.services import administration, administration_secret, audit, dkim, faults, replacement, source_calls
from tocsin.services.ports_audit import Trail
from tocsin.storage.database import Database
from tocsin.storage.store import SqlStore

FORMER = b"pepper"  # of all clients of tests
PRESENT = b"the secret that this installation has now"
THIRD = b"a secret that came later, or was another's"
BOTH = ("acme", "globex")
DOMAIN = "example.net"  # of the sender of `letters`
MESSAGE = mime.write(a_letter())
SERVICES = Path(administration.__file__).parent

Report = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What somebody outside holds of a workspace: a call that was taken, an app, one that was not confirmed, and codes."""

    client: Client
    other: Other
    call_id: str
    phone: Phone
    unconfirmed: Phone
    recovery: list[str]


def filled(client: Client) -> Kept:
    """Put one of each sort into boxes."""
    key = {"subdomain": client.subdomain, "domain": DOMAIN, "selector": "one", "algorithm": "ed25519", "force": True}
    _run(client.app, "dkim create", key)
    _run(client.app, "dkim activate", key)
    other = connected_to(client, "generic")
    call = other.tells(first("generic"))
    phone, recovery = turned_on(signed_in(client))
    unconfirmed = set_up(signed_in(client, "bob@example.com"))
    _run(client.app, "webhook secret", {"subdomain": client.subdomain, "url": "https://hooks.example.com/x"})
    return Kept(client=client, other=other, call_id=call["id"], phone=phone, unconfirmed=unconfirmed, recovery=recovery)


@pytest.fixture
def both(client: Client) -> tuple[Kept, Kept]:
    """Give two workspaces with one of each sort; the test runs once on SQLite and once on PostgreSQL."""
    return filled(client), filled(client.neighbour())


@contextmanager
def started(client: Client, secret: bytes) -> Iterator[Client]:
    """Start the application again over the same store, with another secret; give it with a new API key."""
    store = SqlStore(client.app.store._database, trail=Trail(key=chain_key(secret), clock=client.clock))
    app = replace(client.app, store=store, pepper=secret)
    values = {"subdomain": client.subdomain, "name": "new", "scopes": []}
    with on_the_line(app) as line:
        yield replace(client, app=app, line=line, key=administration.run(app.office, "key create", values)["key"])


def replaced(client: Client, former: bytes = FORMER, present: bytes = PRESENT) -> dict[str, Report]:
    """Do what the command does; return what it says of each workspace."""
    store = SqlStore(client.app.store._database, trail=Trail(key=chain_key(present), clock=client.clock))
    office = replace(client.app.office, store=store, pepper=present)
    found = {one["subdomain"]: one for one, _ in administration_secret.replaced(office, former)}
    administration_secret.scrub(office)
    return found


def counts(report: Report) -> dict[str, tuple[int, int, int]]:
    return {one["sort"]: (one["sealed_anew"], one["as_before"], one["not_opened"]) for one in report["boxes"]}


ALL_ANEW = {"DKIM key": (1, 0, 0), "source": (1, 0, 0), "call of a source": (1, 0, 0), "second factor": (2, 0, 0)}
ALL_AS_BEFORE = {sort: (0, number, 0) for sort, (number, _, _) in ALL_ANEW.items()}


def workspace_of(client: Client) -> WorkspaceId:
    return client.app.office.workspace({"subdomain": client.subdomain}).id


def fault(client: Client, secret: bytes = PRESENT) -> int:
    with client.app.store.reading(workspace_of(client)) as tx:
        found = audit.fault(tx, secret)
    return 0 if found is None else found.number


def everything(database: Database, client: Client) -> dict[str, dict[str, list[tuple[object, ...]]]]:
    ids = {one: client.app.office.workspace({"subdomain": one}).id for one in BOTH}
    return {name: rows(database, workspace_id) for name, workspace_id in ids.items()}


def change(database: Database, statement: str, **values: object) -> None:
    with database.transaction() as connection:
        assert connection.run(statement, **values) > 0


def in_the_present(kept: Kept, now: Client) -> Kept:
    """Return what somebody outside holds, at the application that was started with another secret."""
    source: Json = part(made(now.v2.get(f"/sources/{kept.other.source['id']}")), "source")
    other = Other(client=now, kind="generic", source=source, secret=kept.other.secret)
    return replace(
        kept, client=now, other=other, phone=Phone(now, kept.phone.key), unconfirmed=Phone(now, kept.unconfirmed.key)
    )


def signs(client: Client, secret: bytes) -> bool:
    with client.app.store.reading(workspace_of(client)) as tx:
        key = tx.dkim_keys.signing(DOMAIN)
    assert key is not None
    signed = dkim.signed(MESSAGE, key, workspace_id=workspace_of(client), secret=secret, now=SIGNED_AT)
    return is_verified(signed, {key.name: key.public_record})


def test_all_that_was_sealed_works_with_the_present_secret_alone(both: tuple[Kept, Kept]) -> None:
    reports = replaced(both[0].client)

    assert [counts(reports[name]) for name in BOTH] == [ALL_ANEW, ALL_ANEW]
    for before in both:
        with started(before.client, PRESENT) as now:
            kept = in_the_present(before, now)
            assert signs(now, PRESENT)
            assert not signs(now, FORMER)
            assert kept.other.tells(first("generic", data__id="another"))["state"] == "applied"
            replay = now.v2.post(f"/sources/{kept.other.source['id']}/calls/{kept.call_id}/replay")
            assert replay.status_code == 200
            assert answered(asked(now), kept.phone.code()) == 303
            bob = Visitor(client=now)
            assert bob.sign_in("bob@example.com").status_code == 303
            bob.get("/settings/me")
            assert bob.post(f"{FACTOR}/confirm", {"code": kept.unconfirmed.code()}).status_code == 200


def test_what_only_the_former_secret_could_prove_ends_and_is_told(both: tuple[Kept, Kept]) -> None:
    acme, _ = both
    ended = replaced(acme.client)["acme"]["ended"]

    assert (ended["sessions"], ended["api_keys"], ended["recovery_codes"]) == (2, 1, 1)
    assert ended["webhooks"] == ["https://hooks.example.com/x"]
    assert [one["id"] for one in ended["sources"]] == [acme.other.source["id"]]
    with started(acme.client, PRESENT) as now:
        assert replace(now, key=acme.client.key).v2.get("/bookings").status_code == 401
        keys = administration.run(now.app.office, "key list", {"subdomain": "acme"})
        assert [one["name"] for one in keys if one["revoked_at"] is None] == ["new"]
        old_address = replace(in_the_present(acme, now).other, source=acme.other.source)
        assert old_address.call(first("generic")).status_code == 404
        assert answered(asked(now), acme.recovery[0]) == 422


def test_the_log_is_a_whole_chain_again_that_names_the_replacement_and_shows_tampering(
    both: tuple[Kept, Kept], database: Database
) -> None:
    acme, globex = both
    with acme.client.app.store.reading(workspace_of(acme.client)) as tx:
        head = tx.audit.head()
    anchor = replaced(acme.client)["acme"]["anchor"]

    assert (fault(acme.client), fault(globex.client)) == (0, 0)
    assert fault(acme.client, FORMER) == 1
    with started(acme.client, PRESENT) as now:
        (entry,) = entries(now, what="secret")
        assert (entry["verb"], entry["who"], entry["through"]) == ("secret.replaced", "command line", "command_line")
        assert entry["after"]["end before"] == f"{head.number}:{head.last}"
        assert entry["after"]["DKIM key"] == 1
        (key,) = (
            one for one in administration.run(now.app.office, "key list", {"subdomain": "acme"}) if one["revoked_at"]
        )
        ended = {name: entry["after"][name] for name in ("sessions", "API keys", "ids of API keys")}
        assert ended == {"sessions": 2, "API keys": 1, "ids of API keys": [key["id"]]}
        assert entry["after"]["accounts with recovery codes"] == 1
        assert anchor == f"{entry['number']}:{entry['seal']}"
        number, seal = anchor.split(":")
        with now.app.store.reading(workspace_of(now)) as tx:
            assert audit.fault(tx, PRESENT, anchor=(int(number), seal)) is None
    change(database, "UPDATE audit SET who = 'eve' WHERE number = 3 AND verb <> 'x'")
    assert (fault(acme.client), fault(globex.client)) == (3, 3)


def test_whoever_was_interrupted_begins_again(
    both: tuple[Kept, Kept], database: Database, planted_faults: None
) -> None:
    acme, globex = both
    before = everything(database, acme.client)
    faults.arm("before_commit:raise@2")
    with pytest.raises(faults.PlantedFaultError):
        replaced(acme.client)

    half = everything(database, acme.client)
    assert half["globex"] == before["globex"]
    assert half["acme"] != before["acme"]

    reports = replaced(acme.client)

    assert counts(reports["acme"]) == ALL_AS_BEFORE
    assert counts(reports["globex"]) == ALL_ANEW
    assert everything(database, acme.client)["acme"] == half["acme"]
    assert reports["acme"]["ended"]["api_keys"] == 0
    assert (fault(acme.client), fault(globex.client)) == (0, 0)
    done = everything(database, acme.client)
    assert [report["was_done"] for report in replaced(acme.client).values()] == [True, True]
    assert everything(database, acme.client) == done


def test_a_wrong_former_secret_is_told_also_where_some_workspaces_are_done(
    both: tuple[Kept, Kept], planted_faults: None
) -> None:
    acme, _ = both
    faults.arm("before_commit:raise@2")
    with contextlib.suppress(faults.PlantedFaultError):
        replaced(acme.client)

    with pytest.raises(ConflictError, match="nothing here was sealed with the secret in --former"):
        replaced(acme.client, THIRD)


@pytest.mark.parametrize("has_boxes", [False, True], ids=["without boxes", "with boxes"])
def test_after_a_start_with_the_present_secret_all_but_the_log_is_done_and_a_second_time_nothing_more(
    client: Client, *, has_boxes: bool
) -> None:
    kept = filled(client) if has_boxes else None
    with started(client, PRESENT) as now:
        assert now.v2.get("/bookings").status_code == 200
    torn = fault(client, FORMER)

    report = replaced(client)["acme"]

    assert report["ended"]["api_keys"] == 2  # also the one that the new server has made
    assert report["log"]["fault_at"] == torn > 1
    assert counts(report) == (ALL_ANEW if kept else dict.fromkeys(ALL_ANEW, (0, 0, 0)))
    with started(client, PRESENT) as now:
        again = replaced(client)["acme"]
        assert now.v2.get("/bookings").status_code == 200
    assert (again["ended"]["api_keys"], again["log"]["fault_at"], again["was_done"]) == (0, torn, True)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_heads SET number = 1 WHERE workspace_id = :id",
        "DELETE FROM audit_heads WHERE workspace_id = :id",
        "UPDATE audit SET who = 'eve' WHERE workspace_id = :id AND number = 2",
        "DELETE FROM audit WHERE workspace_id = :id AND number > 2",
    ],
    ids=["head set back", "head gone", "changed", "cut off"],
)
def test_a_log_with_a_fault_holds_nothing_up_and_a_second_time_nothing_more_ends(
    both: tuple[Kept, Kept], database: Database, statement: str
) -> None:
    acme, globex = both
    change(database, statement, id=workspace_of(acme.client))
    at = fault(acme.client, FORMER)

    reports = replaced(acme.client)

    assert (reports["acme"]["log"]["fault_at"], reports["globex"]["log"]["fault_at"]) == (at, None)
    assert [counts(reports[name]) for name in BOTH] == [ALL_ANEW, ALL_ANEW]
    assert [reports[name]["ended"]["api_keys"] for name in BOTH] == [1, 1]
    assert (fault(acme.client), fault(globex.client)) == (1, 0)
    with started(acme.client, PRESENT) as now:
        again = replaced(acme.client)["acme"]
        assert now.v2.get("/bookings").status_code == 200
    assert again["ended"]["api_keys"] == 0
    assert again["log"]["fault_at"] > 0


def test_the_keys_of_a_workspace_without_any_log_end_too(client: Client, database: Database) -> None:
    neighbour = client.neighbour()
    for table in ("audit", "audit_heads"):
        change(database, f"DELETE FROM {table} WHERE workspace_id = :id", id=workspace_of(neighbour))

    reports = replaced(client)

    assert reports["globex"]["ended"]["api_keys"] == 1
    assert fault(neighbour) == 0
    assert replaced(client)["globex"]["was_done"]


@pytest.mark.parametrize(
    ("former", "present", "words"),
    [
        (b"never was the secret of anything", PRESENT, "give the one that the store had before"),
        (FORMER, FORMER, "the secret in --former is the one in use"),
    ],
)
def test_a_wrong_former_secret_changes_nothing(
    both: tuple[Kept, Kept], database: Database, former: bytes, present: bytes, words: str
) -> None:
    before = everything(database, both[0].client)

    with pytest.raises(ConflictError, match=words):
        replaced(both[0].client, former, present)

    assert everything(database, both[0].client) == before


def test_a_box_that_neither_secret_opens_is_named_and_left_and_the_rest_is_done(
    both: tuple[Kept, Kept], database: Database
) -> None:
    acme, _ = both
    workspace_id = workspace_of(acme.client)
    change(database, "UPDATE sources SET box = :box WHERE workspace_id = :id", box=b"\x01" * 99, id=workspace_id)

    report = replaced(acme.client)["acme"]

    assert counts(report) == ALL_ANEW | {"source": (0, 0, 1)}
    assert report["not_opened"] == [{"sort": "source", "name": "generic"}]
    with acme.client.app.store.reading(workspace_id) as tx:
        assert [source.box for source in tx.sources.all()] == [b"\x01" * 99]
    assert fault(acme.client) == 0


def test_a_log_that_was_changed_is_not_sealed_over(both: tuple[Kept, Kept], database: Database) -> None:
    acme, globex = both
    own = workspace_of(acme.client)
    change(database, "UPDATE audit SET who = 'eve' WHERE number = 4 AND workspace_id = :id", id=own)
    seals = [entry["seal"] for entry in log_of(database, own)]

    report = replaced(acme.client)["acme"]

    assert report["log"]["fault_at"] == 4
    assert "entry 4 is not as it was written" in report["log"]["fault"]
    assert counts(report) == ALL_ANEW
    assert [entry["seal"] for entry in log_of(database, own)][: len(seals)] == seals
    assert fault(acme.client) == 1
    assert fault(globex.client) == 0


def log_of(database: Database, workspace_id: WorkspaceId) -> list[dict[str, Any]]:
    statement = "SELECT number, seal FROM audit WHERE workspace_id = :id ORDER BY number"
    with database.reading() as connection:
        return [dict(row) for row in connection.rows(statement, id=workspace_id)]


def test_a_workspace_of_a_third_secret_is_left_as_it_is_until_that_one_is_given(
    both: tuple[Kept, Kept], database: Database, planted_faults: None
) -> None:
    acme, globex = both
    faults.arm("before_commit:raise@2")
    with contextlib.suppress(faults.PlantedFaultError):
        replaced(acme.client)
    half = everything(database, acme.client)

    reports = replaced(acme.client, FORMER, THIRD)

    assert everything(database, acme.client)["acme"] == half["acme"]
    assert counts(reports["globex"]) == ALL_ANEW
    assert counts(reports["acme"]) == {sort: (0, 0, number) for sort, (number, _, _) in ALL_ANEW.items()}
    assert counts(replaced(acme.client, PRESENT, THIRD)["acme"]) == ALL_ANEW
    assert (fault(acme.client, THIRD), fault(globex.client, THIRD)) == (0, 0)


def test_calls_are_sealed_anew_in_parts_and_forgotten_bodies_stay_so(client: Client) -> None:
    source = SourceId(connected_to(client, "generic").source["id"])
    workspace_id = workspace_of(client)
    with client.app.store.transaction(workspace_id) as tx:
        for number in range(2 * source_calls._PART + 1):
            call_id = f"call {number:04}"
            identity = (workspace_id, source, call_id)
            box = secretbox.seal(b"body", secret=FORMER, purpose=source_calls._PURPOSE, identity=identity)
            tx.source_calls.put(an_inbound_call(id=call_id, source_id=source, digest=str(number), box=box))
        tx.source_calls.put(an_inbound_call(id="forgotten", source_id=source, digest="x", box=None))

    report = replaced(client)["acme"]

    assert counts(report)["call of a source"] == (2 * source_calls._PART + 1, 0, 0)
    with client.app.store.reading(workspace_id) as tx:
        assert len(tx.source_calls.boxes(after_id="", limit=7)) == 7
        calls, _ = tx.source_calls.page(source, state="", limit=1000, offset=0)
        bodies = [source_calls.body_of(tx, call, secret=PRESENT) for call in calls]
    assert sorted(bodies, key=str) == [None, *[b"body"] * (2 * source_calls._PART + 1)]


# Another algorithm


def _seal(key: bytes, plain: bytes, about: bytes) -> bytes:
    return b"n" * 12 + ChaCha20Poly1305(key).encrypt(b"n" * 12, plain, about)  # a test needs no nonce of its own


def _unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    try:
        return ChaCha20Poly1305(key).decrypt(sealed[:12], sealed[12:], about)
    except InvalidTag:
        raise ValueError from None


CHACHA = secretbox.Algorithm(info="tocsin boxes 2", key_length=32, shortest=28, seal=_seal, unseal=_unseal)


def test_a_second_algorithm_opens_what_the_first_sealed_and_the_command_brings_all_to_it(
    both: tuple[Kept, Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, _ = both
    monkeypatch.setitem(secretbox.ALGORITHMS, 2, CHACHA)
    assert signs(acme.client, FORMER)

    reports = replaced(acme.client, FORMER, FORMER)

    assert [counts(reports[name]) for name in BOTH] == [ALL_ANEW, ALL_ANEW]
    assert reports["acme"]["ended"]["api_keys"] == 0  # the secret is the same
    with acme.client.app.store.reading(workspace_of(acme.client)) as tx:
        assert {box.sealed[0] for box in replacement.boxes(tx)} == {2}
    assert signs(acme.client, FORMER)
    assert entries(acme.client, what="secret")[0]["verb"] == "secret.replaced"  # which looks whether the log is whole
    with pytest.raises(ConflictError, match="is the one in use"):
        replaced(acme.client, FORMER, FORMER)


# Nothing is forgotten


def calls_of(path: Path, name: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == name and getattr(node.value, "id", "") == "secretbox"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )


def test_whoever_seals_something_gives_his_boxes() -> None:
    sealing = {path.stem for path in SERVICES.rglob("*.py") if calls_of(path, "seal")}
    giving = {path.stem for path in SERVICES.rglob("*.py") if "-> Iterator[Box]:" in path.read_text("utf-8")}

    assert sealing == giving - {"replacement"}
    text = (SERVICES / "replacement.py").read_text("utf-8")
    assert all(f"{name}.boxes(tx)" in text for name in sealing)


def test_each_column_of_octets_is_known_to_hold_boxes_or_none(database: Database) -> None:
    asked_of = {
        "sqlite": """
            SELECT m.name AS tab, p.name AS col FROM sqlite_master m, pragma_table_info(m.name) p
             WHERE m.type = 'table' AND p.type = 'BLOB'""",
        "postgresql": """
            SELECT table_name AS tab, column_name AS col FROM information_schema.columns
             WHERE table_schema = current_schema() AND data_type = 'bytea'""",
    }
    with database.reading() as connection:
        found = {f"{row['tab']}.{row['col']}" for row in connection.rows(asked_of[connection.dialect.name])}

    boxes = {"dkim_keys.private_key", "sources.box", "source_calls.box", "accounts.factor_box"}
    assert found == boxes | {"messages.message"}
