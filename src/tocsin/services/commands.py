"""All commands of the operator by name, each at the desk that it works at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.services import (
    administration,
    administration_accounts,
    administration_audit,
    administration_mail,
    administration_person,
    administration_recipients,
)
from tocsin.services.administration import Office
from tocsin.services.administration_mail import MailOffice
from tocsin.services.administration_recipients import RecipientsOffice


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """What commands work with."""

    office: Office
    mail: MailOffice
    recipients: RecipientsOffice


def run(desks: Desks, command: str, values: Mapping[str, Any]) -> Any:
    """Run a command; return its answer in JSON values. Raises TocsinError as the use cases do."""
    if command in administration_accounts.COMMANDS:
        return administration_accounts.run(desks.office, command, values)
    if command in administration_audit.COMMANDS:
        return administration_audit.run(desks.office, command, values)
    if command in administration_mail.COMMANDS:
        return administration_mail.run(desks.mail, command, values)
    if command in administration_person.COMMANDS:
        return administration_person.run(desks.office, command, values)
    if command in administration_recipients.COMMANDS:
        return administration_recipients.run(desks.recipients, command, values)
    return administration.run(desks.office, command, values)
