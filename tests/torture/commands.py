"""Each way in which an operator can ask in one workspace for something of another: commands, and where they take an id."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.faces.test_bad_input import NOBODY
from tests.faces.visitor import PASSWORD
from tests.torture.tenants import Tenant
from tests.torture.ways import Said, Way
from tocsin.api import rule_set, source_commands
from tocsin.backup import COMMANDS as BACKUP
from tocsin.bootstrap import _run
from tocsin.domain.errors import TocsinError

# Where each command takes an id, or what names something like one. What only reads is asked without one too.
PLACES = {
    "key revoke": ["id"],
    "rules show": ["id"],
    "rules plan": ["meetings"],
    "rules apply": ["meetings"],
    "source show": ["id"],
    "source delete": ["id"],
    "source calls": ["id"],
    "source call": ["id", "call_id"],
    "source replay": ["id", "call_id"],
    "source look": ["id"],
    "held send": ["ids"],
    "held done": ["ids"],
    "suppression add": ["rule_id"],
    "suppression remove": ["rule_id"],
    "audit list": ["", "thing"],
    "person export": ["address"],
    "person erase": ["address"],
    "account password": ["email"],
    "account unbind": ["email"],
    "account reset-factor": ["email"],
    "account delete": ["email"],
    "recipient remove": ["address"],
    "dkim activate": ["domain"],
    "dkim retire": ["domain"],
    "workspace show": [""],
    "key list": [""],
    "rules list": [""],
    "rules export": [""],
    "account list": [""],
    "dkim list": [""],
    "suppression list": [""],
    "recipient list": [""],
    "audit export": [""],
    "audit verify": [""],
    "source list": [""],
    "held list": [""],
}
NAMES_ITS_OWN = "it names a workspace and nothing else that could be in another"
# Commands that are no way into another workspace, and why.
APART = {
    "backup": "it is the operator's own, for all workspaces",
    "person log-name": "it is the operator's own, and looks at no workspace",
    "workspace list": "it is the operator's own, for all workspaces",
    "workspace create": NAMES_ITS_OWN,
    "workspace delete": NAMES_ITS_OWN,
    "workspace limits": NAMES_ITS_OWN,
    "workspace resume": NAMES_ITS_OWN,
    "workspace retention": NAMES_ITS_OWN,
    "key create": NAMES_ITS_OWN,
    "webhook secret": NAMES_ITS_OWN,
    "account create": NAMES_ITS_OWN,
    "dkim create": NAMES_ITS_OWN,
    "recipient set": NAMES_ITS_OWN,
    "source create": NAMES_ITS_OWN,
}


def of_the_commands(tenant: Tenant) -> Iterator[Way]:
    """Yield each way through the commands."""
    for command, places in PLACES.items():
        for place in places:
            yield Way(
                face="command",
                name=command,
                place=place,
                ask=partial(_order, tenant, (command, place)),
            )


def _order(tenant: Tenant, at: tuple[str, str], asked: str) -> Said:
    command, place = at
    values = _values(tenant) | ({place: [asked] if place == "ids" else asked} if place else {})
    values["rule_set"] = _a_set(asked if place == "meetings" else tenant.own["slug"])
    try:
        answer = _run(tenant.client.app, command, values, {**rule_set.COMMANDS, **source_commands.COMMANDS, **BACKUP})
    except TocsinError as error:
        return 1, str(error)
    return 0, json.dumps(answer)


def _values(tenant: Tenant) -> dict[str, Any]:
    return {
        "subdomain": tenant.client.subdomain,
        "id": tenant.own["sources"],
        "call_id": tenant.own["calls"],
        "ids": [NOBODY],
        "all": False,
        "recipient": "nobody@example.org",
        "note": "",
        "rule_id": "",
        "address": "nobody@example.org",
        "email": "nobody@example.org",
        "password": PASSWORD,
        "domain": "example.com",
        "selector": "one",
        "force": True,
        **dict.fromkeys(("thing", "who", "what", "day", "anchor", "state")),
        "after": 0,
    }


def _a_set(link: str) -> dict[str, Any]:
    mail = {"type": "send_email", "emails": ["ada@example.org"], "email_subject": "S", "email_body": "<p>B</p>"}
    return {"version": 1, "rules": [{"name": "A", "event": "booking_confirmed", "meetings": [link], "actions": [mail]}]}
