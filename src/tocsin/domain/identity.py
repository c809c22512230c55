"""What people will see: a workspace's sender as Gmail and Outlook judge it, in one sentence and five checks.

Pure: from what the DNS said. Google wants SPF or DKIM of everybody, and all three of those who send much (its sender
guidelines of February 2024).
"""

from dataclasses import dataclass

from tocsin.domain import identity_checks as checks
from tocsin.domain.dmarc import Policy
from tocsin.domain.evidence import Check, Evidence, Grade

# Names that the public DNS does not know (RFC 6761, RFC 6762).
_PRIVATE = frozenset({"localhost", "test", "invalid", "local"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A sender, what people will see of it, and how each check went."""

    address: str
    sentence: str
    checks: tuple[Check, ...] = ()

    @property
    def grade(self) -> Grade:
        """The worst grade of its checks."""
        grades = {check.grade for check in self.checks}
        return next((grade for grade in (Grade.FAILED, Grade.WARNING) if grade in grades), Grade.OK)


def judge(e: Evidence) -> Identity:
    """Return what receivers make of a sender."""
    made = (checks.spf(e), checks.dkim(e), checks.dmarc(e), checks.alignment(e), checks.mx(e))
    return Identity(address=e.address, sentence=_sentence(e, {check.name: check for check in made}), checks=made)


def is_public(domain: str) -> bool:
    """Tell whether anybody elsewhere can know `domain`."""
    return "." in domain and domain.rpartition(".")[2] not in _PRIVATE


def of_nowhere(address: str) -> Identity:
    """Return what is made of a sender whose domain is not public; nothing has to be looked up."""
    words = f"nobody elsewhere can know {address}; set TOCSIN_MAIL_FROM, or the workspace's own, to one at your domain"
    check = Check(name=checks.ALIGNMENT, grade=Grade.FAILED, sentence=words)
    sentence = f"Gmail and Outlook will refuse the invite, because nobody outside can know {address}"
    return Identity(address=address, sentence=sentence, checks=(check,))


def captured(address: str) -> Identity:
    """Return what is made of a sender whose messages do not leave."""
    sentence = "Nobody will see the invite, because messages are captured and nothing leaves; set TOCSIN_SMTP_URL"
    return Identity(address=address, sentence=sentence)


def _sentence(e: Evidence, made: dict[str, Check]) -> str:
    shown = f"show the invite as from {e.address} {_answers(e, made[checks.MX])}"
    if made[checks.DKIM].grade is Grade.OK:
        return f"Gmail and Outlook will {shown}"
    if e.spf.text and not e.spf.complaint:
        why = _why_not_signed(e)
        return f"Gmail and Outlook will {shown} as long as SPF names the relay; forwarded copies may be spam, because {why}"
    trouble = _first(e.spf.trouble, "" if e.signing is None else e.signing.found.trouble)
    if trouble:
        return f"What Gmail and Outlook will show cannot be told now, because the DNS could not be asked ({trouble})"
    return f"{_fate(e)}, because neither DKIM nor SPF speaks for {e.domain}"


def _answers(e: Evidence, mx: Check) -> str:
    return (
        f"but answers to it bounce ({e.domain} takes no mail)" if mx.grade is Grade.FAILED else "and let people answer"
    )


def _why_not_signed(e: Evidence) -> str:
    if e.signing is None:
        return "Tocsin does not sign"
    if e.signing.found.trouble:
        return "the DKIM record could not be looked up"
    return "its signature cannot be checked everywhere"


def _fate(e: Evidence) -> str:
    """Return what becomes of a message that nothing speaks for."""
    if e.dmarc.policy is Policy.REJECT:
        return "Gmail and Outlook will refuse the invite"
    if e.dmarc.policy is Policy.QUARANTINE:
        return "Gmail and Outlook will put the invite into spam"
    return "Gmail will likely refuse the invite or put it into spam, and Outlook into Junk"


def _first(*words: str) -> str:
    return next(filter(None, words), "")
