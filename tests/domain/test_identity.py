"""Each sentence that an operator reads about a sender, from the evidence that leads to it."""

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import NOON, a_dkim_key
from tocsin.domain.dkim import Algorithm
from tocsin.domain.dmarc import Dmarc, Policy
from tocsin.domain.evidence import Check, Evidence, Grade, SeenKey
from tocsin.domain.identity import Identity, captured, is_public, judge, of_nowhere
from tocsin.domain.lookup import Lookup
from tocsin.domain.spf import Walk

OK, WARNING, FAILED = Grade.OK, Grade.WARNING, Grade.FAILED
KEY = a_dkim_key(activated_at=NOON)
WAITING = a_dkim_key(selector="acme-2")
TROUBLE = "no answer in time"
NO_SPF, NO_DMARC = Walk(), Dmarc()
NAMES_RELAY = "it must name the servers that your relay sends from"


def seen(record: str | None = KEY.public_record, *, trouble: str = "", opens: bool = True, **changes: Any) -> SeenKey:
    records = () if record is None else (record,)
    return SeenKey(key=replace(KEY, **changes), found=Lookup(records=records, trouble=trouble), opens=opens)


def waiting(record: str | None = None, trouble: str = "") -> SeenKey:
    return SeenKey(key=WAITING, found=Lookup(records=() if record is None else (record,), trouble=trouble))


def evidence(**changes: Any) -> Evidence:
    """Return the evidence of a sender with whom all is well."""
    fields: dict[str, Any] = {
        "subdomain": "acme",
        "address": "invites@example.com",
        "domain": "example.com",
        "relay": "relay.example.net",
        "spf": Walk(text="v=spf1 mx -all", lookups=1, rest="-"),
        "dmarc": Dmarc(domain="example.com", policy=Policy.REJECT),
        "mx": Lookup(records=("mail.example.com",)),
        "addresses": Lookup(),
        "signing": seen(),
    }
    return Evidence(**(fields | changes))


def check(name: str, **changes: Any) -> Check:
    (found,) = (one for one in judge(evidence(**changes)).checks if one.name == name)
    return found


def sentence(**changes: Any) -> str:
    return judge(evidence(**changes)).sentence


def test_all_is_well_where_all_is_well() -> None:
    found = judge(evidence())

    assert found.address == "invites@example.com"
    assert found.sentence == (
        "Gmail and Outlook will show the invite as from invites@example.com and let people answer"
    )
    assert found.grade is OK
    assert [(one.name, one.grade, one.sentence, one.record) for one in found.checks] == [
        (
            "SPF",
            OK,
            f"the record of example.com can be read and asks for 1 of at most 10 lookups; {NAMES_RELAY}",
            "",
        ),
        ("DKIM", OK, "messages are signed for example.com with acme-1, and its record is right", ""),
        ("DMARC", OK, "example.com asks receivers to refuse messages that fail (p=reject)", ""),
        (
            "alignment",
            OK,
            "From, ORGANIZER and envelope sender are all of example.com, and so is the signature",
            "",
        ),
        ("MX", OK, "answers to invites@example.com go to mail.example.com", ""),
    ]


def test_the_grade_of_all_is_the_worst() -> None:
    def of(*grades: Grade) -> Grade:
        checks = tuple(Check(name="x", grade=grade, sentence="x") for grade in grades)
        return Identity(address="a", sentence="x", checks=checks).grade

    assert [of(), of(OK, OK), of(OK, WARNING), of(WARNING, FAILED, OK)] == [OK, OK, WARNING, FAILED]


# SPF


@pytest.mark.parametrize(
    ("spf", "grade", "words", "record"),
    [
        (Walk(trouble="example.com: x"), WARNING, "the SPF record could not be looked up (example.com: x); try again", ""),
        (Walk(complaint="two records"), FAILED, "receivers take SPF as broken: two records; mend it", ""),
        (NO_SPF, FAILED, "example.com has no SPF record; add one", 'example.com. IN TXT "v=spf1 a:relay.example.net ~all"'),
        (Walk(text="v=spf1 mx", rest=""), WARNING, "says nothing of other", 'example.com. IN TXT "v=spf1 mx ~all"'),
        (Walk(text="v=spf1 mx ?all", rest="?"), WARNING, "says nothing of", 'example.com. IN TXT "v=spf1 mx ~all"'),
        (Walk(text="v=spf1 mx ALL", rest="+"), WARNING, "lets everybody send (+all)", 'example.com. IN TXT "v=spf1 mx ~all"'),
        (Walk(text="v=spf1 redirect=a", rest="+", is_redirected=True), WARNING, "lets everybody send", ""),
        (Walk(text="v=spf1 mx ~all", rest="~"), OK, "can be read", ""),
        (Walk(text="v=spf1 redirect=%{d}.a", rest="%"), OK, "can be read", ""),
    ],
)  # fmt: skip
def test_spf(spf: Walk, grade: Grade, words: str, record: str) -> None:
    found = check("SPF", spf=spf)

    assert (found.grade, found.record) == (grade, record)
    assert words in found.sentence


def test_without_a_relay_elsewhere_this_machine_is_proposed() -> None:
    assert check("SPF", spf=NO_SPF, relay="").record == 'example.com. IN TXT "v=spf1 a mx ~all"'


# DKIM


@pytest.mark.parametrize(
    ("changes", "grade", "words", "record"),
    [
        ({"signing": None}, WARNING, "Tocsin signs nothing for example.com; run `tocsin dkim create acme`", ""),
        (
            {"signing": seen(opens=False)},
            FAILED,
            "encrypted with another TOCSIN_SECRET_KEY, so messages go unsigned",
            "",
        ),
        (
            {"signing": seen(None, trouble=TROUBLE)},
            WARNING,
            "the DKIM record could not be looked up (no answer in time)",
            "",
        ),
        (
            {"signing": seen(None)},
            FAILED,
            "there is no record at acme-1._domainkey.example.com; add this",
            KEY.zone_line,
        ),
        (
            {"signing": seen("p=BBBB")},
            FAILED,
            "no signature can be checked: the record holds another key",
            KEY.zone_line,
        ),
        (
            {"signing": seen("k=ed25519; p=AAAA", algorithm=Algorithm.ED25519)},
            WARNING,
            "not everybody checks Ed25519 yet; an RSA key is understood by all",
            "",
        ),
        ({"signing": None, "waiting": waiting()}, WARNING, "add its record, then run", WAITING.zone_line),
        ({"signing": None, "waiting": waiting("p=BBBB")}, WARNING, "add its record, then run", WAITING.zone_line),
        (
            {"signing": None, "waiting": waiting(trouble=TROUBLE)},
            WARNING,
            "add its record, then run",
            WAITING.zone_line,
        ),
        (
            {"signing": None, "waiting": waiting("p=AAAA")},
            WARNING,
            "is there, but the key does not sign yet; run `tocsin dkim activate acme acme-2`",
            "",
        ),
        ({"waiting": waiting("p=AAAA")}, OK, "signed for example.com with acme-1", ""),
    ],
)
def test_dkim(changes: dict[str, Any], grade: Grade, words: str, record: str) -> None:
    found = check("DKIM", **changes)

    assert (found.grade, found.record) == (grade, record)
    assert words in found.sentence


# DMARC


@pytest.mark.parametrize(
    ("dmarc", "grade", "words", "record"),
    [
        (Dmarc(trouble="x"), WARNING, "the DMARC record could not be looked up (x); try again", ""),
        (Dmarc(complaint="two records"), FAILED, "two records, so it counts for nothing; mend it", ""),
        (
            NO_DMARC,
            WARNING,
            "example.com has no DMARC record",
            '_dmarc.example.com. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@example.com"',
        ),
        (Dmarc(domain="example.com", policy=Policy.NONE), OK, "to do nothing about messages that fail (p=none)", ""),
        (
            Dmarc(domain="com", policy=Policy.QUARANTINE),
            OK,
            "com asks receivers to put messages that fail into spam",
            "",
        ),
    ],
)
def test_dmarc(dmarc: Dmarc, grade: Grade, words: str, record: str) -> None:
    found = check("DMARC", dmarc=dmarc)

    assert (found.grade, found.record) == (grade, record)
    assert words in found.sentence


# Alignment


@pytest.mark.parametrize(
    ("changes", "grade", "words"),
    [
        ({"dmarc": Dmarc(is_strict=True)}, OK, "and so is the signature, strictly as its DMARC record asks"),
        ({"elsewhere": ("example.org",)}, OK, "and so is the signature"),
        ({"signing": None}, WARNING, "but no signature is; DMARC then hangs on SPF alone, which forwarding breaks"),
        ({"signing": seen(opens=False)}, WARNING, "but no signature is"),
        (
            {"signing": None, "elsewhere": ("example.org", "mail.example.com")},
            WARNING,
            "the DKIM keys are for example.org, mail.example.com and the sender is of example.com, so none of them signs",
        ),
    ],
)  # fmt: skip
def test_alignment(changes: dict[str, Any], grade: Grade, words: str) -> None:
    found = check("alignment", **changes)

    assert found.grade is grade
    assert words in found.sentence


# MX


@pytest.mark.parametrize(
    ("mx", "addresses", "grade", "words"),
    [
        (Lookup(trouble="x"), Lookup(), WARNING, "where answers go could not be looked up (x)"),
        (Lookup(), Lookup(trouble="x"), WARNING, "where answers go could not be looked up (x)"),
        (Lookup(records=(".",)), Lookup(), FAILED, "says that it takes no mail, so every answer to an invite bounces"),
        (Lookup(), Lookup(records=("192.0.2.1",)), WARNING, "has no MX record, so answers go to its own address"),
        (Lookup(), Lookup(), FAILED, "has neither MX nor address records"),
    ],
)
def test_mx(mx: Lookup, addresses: Lookup, grade: Grade, words: str) -> None:
    found = check("MX", mx=mx, addresses=addresses)

    assert found.grade is grade
    assert words in found.sentence
    assert (found.record == "") is ("looked up" in words)


# What people will see


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"spf": NO_SPF, "dmarc": NO_DMARC},
            "Gmail and Outlook will show the invite as from invites@example.com and let",
        ),
        (
            {"mx": Lookup(records=(".",))},
            "Gmail and Outlook will show the invite as from invites@example.com but answers to it bounce (example.com takes no",
        ),
        (
            {"signing": None},
            "as long as SPF names the relay; forwarded copies may be spam, because Tocsin does not sign",
        ),
        ({"signing": seen(None)}, "forwarded copies may be spam, because its signature cannot be checked everywhere"),
        ({"signing": seen(None, trouble=TROUBLE)}, "because the DKIM record could not be looked up"),
        (
            {"signing": None, "spf": NO_SPF},
            "Gmail and Outlook will refuse the invite, because neither DKIM nor SPF speaks for example.com",
        ),
        (
            {
                "signing": seen(None),
                "spf": Walk(text="v=spf1 x", complaint="x"),
                "dmarc": Dmarc(policy=Policy.QUARANTINE),
            },
            "Gmail and Outlook will put the invite into spam, because neither",
        ),
        (
            {"signing": None, "spf": NO_SPF, "dmarc": NO_DMARC},
            "Gmail will likely refuse the invite or put it into spam, and Outlook into Junk, because neither",
        ),
        (
            {"signing": None, "spf": Walk(trouble="example.com: x")},
            "What Gmail and Outlook will show cannot be told now, because the DNS could not be asked (example.com: x)",
        ),
        (
            {"signing": seen(None, trouble=TROUBLE), "spf": NO_SPF},
            "cannot be told now, because the DNS could not be asked (no answer in time)",
        ),
        (
            {"signing": seen(None), "spf": Walk(trouble="y")},
            "cannot be told now, because the DNS could not be asked (y)",
        ),
    ],
)
def test_what_people_will_see(changes: dict[str, Any], words: str) -> None:
    assert words in sentence(**changes)


def test_nobody_elsewhere_knows_a_private_name() -> None:
    for domain in ("", "localhost", "mail", "mail.localhost", "acme.test", "printer.local", "a.invalid"):
        assert not is_public(domain), domain
    for domain in ("example.com", "test.example.com", "tocsin.example"):
        assert is_public(domain), domain
    found = of_nowhere("invites@localhost")
    assert found.grade is FAILED
    assert found.sentence.endswith("because nobody outside can know invites@localhost")
    assert "set TOCSIN_MAIL_FROM" in found.checks[0].sentence


def test_what_is_captured_is_seen_by_nobody() -> None:
    found = captured("invites@example.com")

    assert (found.grade, found.checks) == (OK, ())
    assert found.sentence == (
        "Nobody will see the invite, because messages are captured and nothing leaves; set TOCSIN_SMTP_URL"
    )
