"""What is asked of the DNS for a workspace's sender, in which order, and what is made of the answers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import DAY, HOUR, MINUTE, NOON, WORKSPACE_ID, SettableClock, a_chance, a_workspace
from tests.services.names import FewNames
from tests.storage.shelf import OTHER_ID
from tocsin.domain.dkim import Algorithm, DkimKey
from tocsin.domain.evidence import Grade
from tocsin.domain.identity import Identity
from tocsin.services import checkup, dkim, identity
from tocsin.services.administration import Office
from tocsin.services.checkup import Finding, Surroundings
from tocsin.services.identity import Outlet
from tocsin.storage.store import SqlStore

SECRET = b"p" * 32
ADDRESS = "invites@example.com"


@pytest.fixture
def acme(store: SqlStore) -> SqlStore:
    """Give a store with one workspace; the test runs once on SQLite and once on PostgreSQL."""
    with store.registry() as registry:
        registry.add(a_workspace())
    return store


def an_outlet(store: SqlStore, **changes: Any) -> Outlet:
    return replace(Outlet(store=store, mail_from=ADDRESS, secret=SECRET, relay="relay.example.net"), **changes)


def judged(
    store: SqlStore, names: FewNames, *, mail_from: str | None = None, **changes: Any
) -> tuple[Identity, list[DkimKey]]:
    return identity.of_workspace(an_outlet(store, **changes), a_workspace(mail_from=mail_from), names)


def created(
    store: SqlStore, selector: str, *, domain: str = "example.com", after: timedelta = MINUTE, active: bool = True
) -> DkimKey:
    with store.transaction(WORKSPACE_ID) as tx:
        key = dkim.create(tx, domain, selector=selector, algorithm=Algorithm.RSA, secret=SECRET, now=NOON + after)
        return dkim.activate(tx, domain, selector, now=NOON + after) if active else key


def grades(found: Identity) -> dict[str, Grade]:
    return {check.name: check.grade for check in found.checks}


def good_names(*keys: DkimKey) -> FewNames:
    return FewNames(
        txt={
            "example.com": ("v=spf1 include:spf.example.net -all", "other text"),
            "spf.example.net": "v=spf1 ip4:192.0.2.0/24 ~all",
            "_dmarc.example.com": "v=DMARC1; p=reject",
            **{key.name: key.public_record for key in keys},
        },
        mx={"example.com": ("mail.example.com", "backup.example.com")},
    )


def test_all_is_well_with_a_key_and_its_records(acme: SqlStore) -> None:
    key = created(acme, "s1")
    names = good_names(key)

    found, keys = judged(acme, names)

    assert set(grades(found).values()) == {Grade.OK}
    assert found.sentence == "Gmail and Outlook will show the invite as from invites@example.com and let people answer"
    assert keys == [key]
    assert names.asked == [
        *["TXT s1._domainkey.example.com", "MX example.com", "TXT example.com", "TXT spf.example.net"],
        "TXT _dmarc.example.com",
    ]


def test_a_workspaces_own_sender_is_the_one_that_counts(acme: SqlStore) -> None:
    created(acme, "s1")
    names = FewNames(addresses={"acme.example.org": "192.0.2.1"})

    found, _ = judged(acme, names, mail_from="Hello@Acme.Example.ORG")

    assert found.address == "Hello@Acme.Example.ORG"
    assert names.asked == [
        *["MX acme.example.org", "TXT acme.example.org", "TXT _dmarc.acme.example.org", "TXT _dmarc.example.org"],
        "A acme.example.org",
    ]
    (alignment,) = (check for check in found.checks if check.name == "alignment")
    assert alignment.sentence.startswith("the DKIM keys are for example.com and the sender is of acme.example.org")
    assert grades(found) == {
        "SPF": Grade.FAILED,
        "DKIM": Grade.WARNING,
        "DMARC": Grade.WARNING,
        "alignment": Grade.WARNING,
        "MX": Grade.WARNING,
    }


def test_the_key_that_signs_and_the_newest_that_waits_are_looked_up_and_no_others(acme: SqlStore) -> None:
    keys = [
        created(acme, "old"),
        created(acme, "signs", after=HOUR),
        created(acme, "waits-long", after=2 * HOUR, active=False),
        created(acme, "waits", after=3 * HOUR, active=False),
        created(acme, "retired", after=4 * HOUR),
        created(acme, "other", domain="example.org", active=False),
    ]
    with acme.transaction(WORKSPACE_ID) as tx:
        retired = dkim.retire(tx, "example.com", "retired", now=NOON + DAY)
    names = good_names(*keys)

    found, listed = judged(acme, names)

    assert [each for each in names.asked if "_domainkey" in each] == [
        "TXT signs._domainkey.example.com",
        "TXT waits._domainkey.example.com",
    ]
    assert grades(found)["DKIM"] is Grade.OK
    assert listed == [*keys[:4], retired, keys[5]]


def test_a_retired_key_of_another_domain_is_not_spoken_of(acme: SqlStore) -> None:
    created(acme, "s1", domain="example.org")
    with acme.transaction(WORKSPACE_ID) as tx:
        dkim.retire(tx, "example.org", "s1", now=NOON + DAY)

    found, _ = judged(acme, good_names())

    assert not any("example.org" in check.sentence for check in found.checks)


def test_a_key_that_this_secret_does_not_open_fails(acme: SqlStore) -> None:
    key = created(acme, "s1")

    found, _ = judged(acme, good_names(key), secret=b"q" * 32)

    assert grades(found)["DKIM"] is Grade.FAILED
    assert grades(found)["alignment"] is Grade.WARNING


def test_a_domain_beyond_ascii_is_asked_for_in_a_labels(acme: SqlStore) -> None:
    names = FewNames()

    judged(acme, names, mail_from="invites@bücher.example")

    assert names.asked[0] == "MX xn--bcher-kva.example"


def test_trouble_of_the_dns_is_told_and_nothing_raises(acme: SqlStore) -> None:
    created(acme, "s1")
    places = ("example.com", "_dmarc.example.com", "s1._domainkey.example.com")

    found, _ = judged(acme, FewNames(trouble=dict.fromkeys(places, "no answer in time")))

    assert grades(found) == {
        "SPF": Grade.WARNING,
        "DKIM": Grade.WARNING,
        "DMARC": Grade.WARNING,
        "alignment": Grade.OK,
        "MX": Grade.WARNING,
    }
    assert "cannot be told now" in found.sentence


def test_nothing_is_asked_where_nothing_leaves_or_nobody_can_know_the_sender(acme: SqlStore) -> None:
    key, names = created(acme, "s1"), FewNames()

    captured = judged(acme, names, relay=None)
    unknown = judged(acme, names, mail_from="invites@localhost")
    private = judged(acme, names, mail_from="invites@mail.acme.test")

    assert names.asked == []
    assert captured[0].sentence.startswith("Nobody will see the invite, because messages are captured")
    assert captured[1] == [key]
    assert unknown[0].grade is private[0].grade is Grade.FAILED


# The doctor


def findings(store: SqlStore, names: FewNames, *, captures: bool = False) -> list[Finding]:
    """Return what the doctor says of senders; `names` is the one round of questions that may be asked."""
    clock, rounds = SettableClock(), [names]
    office = Office(store=store, clock=clock, chance=a_chance(), pepper=SECRET, url_of=str)
    around = Surroundings(
        python=(3, 13, 12),
        sqlite=None,
        zone_rules="2026.1",
        captures=captures,
        inbound=None,
        is_local=True,
        mail_from=ADDRESS,
        probe=None,
        local_now=clock,
        outlet=an_outlet(store),
        names=rounds.pop,
    )
    return [one for one in checkup.findings(office, around) if one.name == "sender"]


def test_the_doctor_says_of_each_workspace_what_people_will_see_and_what_to_mend(acme: SqlStore) -> None:
    with acme.registry() as registry:
        registry.add(a_workspace(id=OTHER_ID, subdomain="other", mail_from="hello@example.org"))
    names = good_names(created(acme, "s1"))

    first, *others = findings(acme, names)

    assert (first.grade, first.sentence) == (
        Grade.OK,
        "acme: Gmail and Outlook will show the invite as from invites@example.com and let people answer",
    )
    assert [(one.grade, one.sentence.split(": ")[:2]) for one in others] == [
        (Grade.FAILED, ["other", others[0].sentence.removeprefix("other: ")]),
        (Grade.FAILED, ["other", "SPF"]),
        (Grade.WARNING, ["other", "DKIM"]),
        (Grade.WARNING, ["other", "DMARC"]),
        (Grade.WARNING, ["other", "alignment"]),
        (Grade.FAILED, ["other", "MX"]),
    ]
    assert others[1].sentence.endswith(': example.org. IN TXT "v=spf1 a:relay.example.net ~all"')
    assert others[2].sentence.endswith("or let the relay sign for it")


def test_the_doctor_asks_nothing_where_messages_are_captured(acme: SqlStore) -> None:
    names = FewNames()

    (only,) = findings(acme, names, captures=True)

    assert (only.grade, only.sentence) == (
        Grade.OK,
        "messages are captured and nothing leaves, so no sender is checked",
    )
    assert names.asked == []
