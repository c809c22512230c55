"""Mail addresses: what is accepted at the edge, and its normal form. The envelope has a grammar of its own: mail.parcel."""

import unicodedata

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

_LONGEST = 254  # octets (RFC 5321, 4.5.3.1.3, less the angle brackets)
_LONGEST_LOCAL = 64  # octets (RFC 5321, 4.5.3.1.1)
_RIGHT = "write one address, such as ana@example.com"

# Domains that never reach anybody but that people type on purpose (RFC 6761), and `.local`, which many companies use inside.
# email-validator refuses them through a global list; we put a word of the same length in their place rather than change it.
_TRIAL = ("test", "invalid", "local")
_OWN = (*_TRIAL, "localhost")


def complaint(value: str) -> str | None:
    """Tell what is wrong with `value` as a recipient's address, or None. Nothing is looked up."""
    return _complaint(value, special=_TRIAL, dotless=False)


def sender_complaint(value: str) -> str | None:
    """Tell what is wrong with `value` as our own sender, which may also be at a host without a dot, such as localhost."""
    return _complaint(value, special=_OWN, dotless=True)


def normal(value: str) -> str:
    """Return `value` with its domain as A-labels in lower case and its local part in NFC but otherwise untouched.

    Raises ValueError if `value` is no address that `complaint` or `sender_complaint` accepts.
    """
    wrong = sender_complaint(value)
    if wrong is not None:
        raise ValueError(wrong)
    local, _, domain = value.strip().rpartition("@")
    # The domain alone is validated, so that RFC 2142 names (`Postmaster`) keep their case, and special names are let in.
    label = _special(domain, _OWN)
    ascii_domain = _validated("a@" + _disguised(domain, label), dotless=True).ascii_domain
    plain = ascii_domain if not label else ascii_domain[: len(ascii_domain) - len(label)] + label
    return f"{unicodedata.normalize('NFC', local)}@{plain}"


def as_kept(value: str) -> str:
    """Return an address as deliveries name it, or as it is if it is none: then nothing is found by it."""
    return value if complaint(value) is not None else normal(value)


def _complaint(value: str, *, special: tuple[str, ...], dotless: bool) -> str | None:
    trimmed = value.strip()
    if len(trimmed) > _LONGEST:
        return f"is longer than {_LONGEST} characters; {_RIGHT}"
    if "=?" in trimmed:
        return f"holds =?, which mail programs read as encoded text; {_RIGHT}"
    local, _, domain = trimmed.rpartition("@")
    try:
        _validated(f"{local}@{_disguised(domain, _special(domain, special))}", dotless=dotless)
    except EmailNotValidError as error:
        return f"is not a mail address: {_sentence(str(error))}; {_RIGHT}"
    if len(unicodedata.normalize("NFC", local).encode()) > _LONGEST_LOCAL:
        return f"has more than {_LONGEST_LOCAL} octets before the @; {_RIGHT}"
    return None


def _validated(address: str, *, dotless: bool) -> ValidatedEmail:
    return validate_email(address, strict=True, check_deliverability=False, globally_deliverable=not dotless)


def _special(domain: str, special: tuple[str, ...]) -> str:
    last = domain.rpartition(".")[2].lower()
    return last if last in special else ""


def _disguised(domain: str, label: str) -> str:
    return domain[: len(domain) - len(label)] + "z" * len(label)


def _sentence(reason: str) -> str:
    return reason[:1].lower() + reason[1:].rstrip(".").replace(". ", ", ")
