"""Sets of rules to try: any that could be saved, with every kind of text in them."""

from html import escape

from hypothesis import strategies as st

from tests.faces.client import Json
from tocsin.domain.events import OF_RULES, TIMED

SLUGS = ("intro", "no", "123", "demo")
NASTY = (
    "no", "on", "~", "null", "10:30", "2026-11-24", "0123", "1e3", "- a", "a: b", "x # y", "'q'", '"q"', "<<", "=", "---", "%",
    "@here", "`", "!x", "&a", "*a", "{{client.name}}", "{7*7}", "Grüße", "e\u0301", "\U0001f984", "日本語", "\u200f", "[a, b]",
)  # fmt: skip
# As the API takes it: in one normal form, nothing around it, no control characters.
LINES = st.sampled_from(NASTY) | st.text("aä\U0001f984:#'\"-{}[]|>&*!%@`,?~ ", min_size=1, max_size=20).map(
    lambda text: f"x{text}x"
)
BODIES = st.lists(LINES, min_size=1, max_size=4).map(
    lambda lines: "<p>" + "  \n\n\t".join(escape(line) for line in lines) + " </p>"
)
MAILS = st.fixed_dictionaries(
    {
        "type": st.just("send_email"),
        "emails": st.lists(st.sampled_from(["ada@example.org", "{{guest.emails}}"]), min_size=1, unique=True),
        "email_subject": LINES,
        "email_body": BODIES,
    }
)
CALLS = st.fixed_dictionaries(
    {
        "type": st.just("call_webhook"),
        "url": st.sampled_from(["https://hooks.example.org/no", "https://hooks.example.org:443/?a=%20&b=1"]),
    }
)
INVITES = st.fixed_dictionaries(
    {
        "type": st.just("send_calendar_invite_to_anyone"),
        "emails": st.lists(
            st.sampled_from(["ada@example.org", "bob@example.org", "{{client.email}}", "{{host.email}}"]),
            min_size=1,
            max_size=3,
            unique=True,
        ),
        "email_subject": LINES,
        "email_body": BODIES,
        "calendar_invite_subject": LINES,
        "calendar_invite_body": BODIES,
    },
    optional={"keep_in_sync": st.booleans()},
)
ACTIONS = INVITES | MAILS | CALLS
CONDITIONS = st.sampled_from([
    {"field": "client.domain", "operator": "is_none_of", "value": ["no", "10:30"]},
    {"field": "form.answer", "question": "on", "operator": "is_not_empty"},
    {"field": "client.is_new", "operator": "is", "value": False},
    {"any": [
        {"field": "booking.weekday", "operator": "is_one_of", "value": ["saturday"], "time_zone": "Asia/Tokyo"},
        {"field": "booking.duration_minutes", "operator": "at_least", "value": 45},
    ]},
])  # fmt: skip


def _rules(event: str) -> st.SearchStrategy[Json]:
    optional: dict[str, st.SearchStrategy[object]] = {
        "name": st.sampled_from(["", "no", "A", "B"]) | LINES,
        "enabled": st.booleans(),
        "conditions": st.lists(CONDITIONS, max_size=2),
    }
    if event in TIMED:
        minutes = st.integers(0, 5000)
        optional["offset_minutes"] = minutes | st.lists(minutes, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {
            "event": st.just(event),
            "meetings": st.lists(st.sampled_from(SLUGS), min_size=1, max_size=3, unique=True),
            "actions": st.lists(ACTIONS, min_size=1, max_size=2),
        },
        optional=optional,
    )


RULES = st.sampled_from([event.value for event in OF_RULES]).flatmap(_rules)
RULE_SETS = st.lists(RULES, max_size=5).map(lambda rules: {"version": 1, "rules": rules})
