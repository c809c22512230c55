"""A10: in one workspace very many deliveries fall due at once, and another one books now and then."""

import threading
from dataclasses import dataclass, field
from itertools import count

import pytest

from bench.figures import percentile
from bench.relay import RecordingSink
from bench.rig import Rig as Bench
from tests.builders import LINK_ID, MEMBER_ID, RULE_ID, a_link, a_member, a_rule, a_workspace, an_action
from tests.journeys.program import RECIPIENTS, Program, a_body, until
from tests.torture.crops import NewDatabase, now_us, sown
from tests.torture.rig import Rig
from tocsin import bootstrap
from tocsin.domain.access import KeyDraft, Scope
from tocsin.domain.model import LinkId, MemberId, WorkspaceId
from tocsin.domain.rules import RuleId
from tocsin.services import access
from tocsin.settings import Settings

QUIET = WorkspaceId("a0000000-0000-4000-8000-000000000002")
EXTRA_S = 5.0  # that the crowd may cost the quiet one
ANSWER_S = 0.06  # of the relay, so that the crowd takes as long as the quiet one is looked at
_OPEN = "SELECT count(*) FROM deliveries WHERE workspace_id = ? AND settled_at IS NULL"


@dataclass(frozen=True)
class Quiet:
    """A workspace that books now and then, a message to the client each time."""

    program: Program
    key: str
    asked: dict[str, int] = field(default_factory=dict)  # when, by whom is written to
    _numbers: "count[int]" = field(default_factory=count)

    def book(self, times: int, *, every_s: float) -> set[str]:
        """Book so many times; return the addresses that are written to."""
        addresses = set()
        for _ in range(times):
            body = a_body(next(self._numbers))
            self.asked[body["email"]] = now_us()
            host = f"quiet.localhost:{self.program.port}"
            status, answer = self.program.call("POST", "/bookings", body, Host=host, X_Api_Key=self.key)
            assert status == 201, answer
            addresses.add(body["email"])
            threading.Event().wait(every_s)
        return addresses


def moved_in(program: Program) -> Quiet:
    """Put the quiet workspace beside the noisy one."""
    app = bootstrap.open_app(Settings.from_environment(program.environment))
    member = a_member(id=MemberId(f"{MEMBER_ID[:-1]}2"))
    link = a_link(id=LinkId(f"{LINK_ID[:-1]}2"), hosts=(member,))
    rule = a_rule(
        id=RuleId(f"{RULE_ID[:-1]}9"), link_ids=(link.id,), actions=(an_action(emails=("{{client.email}}",)),)
    )
    draft = KeyDraft(name="", scopes=frozenset({Scope.ADMIN}))
    try:
        with app.store.transaction(QUIET) as tx:
            tx.workspaces.add(a_workspace(id=QUIET, subdomain="quiet"))
            tx.members.put(member)
            tx.links.put(link)
            tx.rules.put(rule)
        _, key = access.create_key(app.store, "quiet", draft, pepper=app.pepper, now=app.clock(), chance=app.chance)
    finally:
        app.close()
    return Quiet(program, key)


@pytest.mark.parametrize("sort", ["SQLite", "PostgreSQL"])
def test_a_crowd_in_one_workspace_keeps_another_waiting_for_seconds_at_most(
    sort: str, new_database: NewDatabase, bench: Bench, rig: Rig
) -> None:
    crowd, alone_s = rig.size(quick=600, nightly=100_000), rig.size(quick=6, nightly=60)
    times, every_s = rig.size(quick=4, nightly=30), rig.size(quick=5, nightly=100) / 10
    sink = RecordingSink(bench, delay_s=ANSWER_S)
    with sown(new_database(sort), sink, reminds=True) as field_:
        due = now_us() + round((alone_s + crowd / 10_000) * 1e6)
        with field_.grown(crowd // len(RECIPIENTS), moved=str(field_.moved_to(due))) as (program, database):
            quiet = moved_in(program)
            program.start()
            alone = quiet.book(max(1, int((due - now_us()) / 1e6 / every_s) - 1), every_s=every_s)
            threading.Event().wait(max(0.0, (due - now_us()) / 1e6))
            beside = quiet.book(times, every_s=every_s)
            [(left,)] = database.rows("SELECT count(*) FROM deliveries WHERE settled_at IS NULL")
            until(lambda: database.rows(_OPEN, QUIET)[0][0] == 0)
            codes = program.stop()
    took = {
        one.recipient: one.at - quiet.asked[one.recipient] / 1e6 for one in sink.close() if one.recipient in quiet.asked
    }

    assert set(codes) == {0}
    assert set(took) == alone | beside
    usual, slow = (percentile([took[one] for one in group], 0.99) for group in (alone, beside))
    rig.found(
        "A10",
        f"{sort}, p99 {slow:.2f} s beside {crowd:,} ({left:,} of them left at the end) and {usual:.2f} s alone",
        is_met=not rig.is_nightly or (slow - usual <= EXTRA_S and left > 0),
    )
