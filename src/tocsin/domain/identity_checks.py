"""The five checks of a sender: SPF, DKIM, DMARC, alignment and MX, each from the evidence to a sentence."""

import re

from tocsin.domain.dkim import Algorithm, zone_line
from tocsin.domain.dmarc import Policy, name_of
from tocsin.domain.evidence import Check, Evidence, Grade, SeenKey
from tocsin.domain.spf import MOST_LOOKUPS

SPF, DKIM, DMARC, ALIGNMENT, MX = "SPF", "DKIM", "DMARC", "alignment", "MX"
NO_MAIL = "."  # the host of a null MX (RFC 7505)

_REST = re.compile(r"\s+[+?]?all\b", re.IGNORECASE)
_ASKED_FOR = {
    Policy.NONE: "to do nothing about messages that fail (p=none)",
    Policy.QUARANTINE: "to put messages that fail into spam (p=quarantine)",
    Policy.REJECT: "to refuse messages that fail (p=reject)",
}


def spf(e: Evidence) -> Check:
    """Check that servers can be named at all; whether the relay's are among them is not known here (RFC 7208)."""
    walk, domain = e.spf, e.domain
    if walk.trouble:
        return Check(name=SPF, grade=Grade.WARNING, sentence=_not_asked("the SPF record", walk.trouble))
    if walk.complaint:
        return Check(name=SPF, grade=Grade.FAILED, sentence=f"receivers take SPF as broken: {walk.complaint}; mend it")
    if not walk.text:
        words = f"{domain} has no SPF record; add one that names your relay's servers, or what your provider tells you"
        return Check(name=SPF, grade=Grade.FAILED, sentence=words, record=zone_line(domain, _proposed_spf(e)))
    if walk.rest in ("", "+", "?"):
        return _open_spf(e)
    words = f"the record of {domain} can be read and asks for {walk.lookups} of at most {MOST_LOOKUPS} lookups"
    return Check(name=SPF, grade=Grade.OK, sentence=f"{words}; it must name the servers that your relay sends from")


def dkim(e: Evidence) -> Check:
    """Check that messages are signed, and that the key is in the DNS for all to check them by (RFC 6376)."""
    if e.signing is not None:
        return _signing(e, e.signing)
    if e.waiting is not None:
        return _waiting(e, e.waiting)
    words = f"Tocsin signs nothing for {e.domain}; run `tocsin dkim create {e.subdomain}`, or let the relay sign for it"
    return Check(name=DKIM, grade=Grade.WARNING, sentence=words)


def dmarc(e: Evidence) -> Check:
    """Check what receivers are asked to do with messages that fail (RFC 7489)."""
    found = e.dmarc
    if found.trouble:
        return Check(name=DMARC, grade=Grade.WARNING, sentence=_not_asked("the DMARC record", found.trouble))
    if found.complaint:
        return Check(name=DMARC, grade=Grade.FAILED, sentence=f"{found.complaint}, so it counts for nothing; mend it")
    if found.policy is None:
        words = f"{e.domain} has no DMARC record, which Gmail asks of those who send much; add one"
        record = zone_line(name_of(e.domain), f"v=DMARC1; p=none; rua=mailto:postmaster@{e.domain}")
        return Check(name=DMARC, grade=Grade.WARNING, sentence=words, record=record)
    return Check(name=DMARC, grade=Grade.OK, sentence=f"{found.domain} asks receivers {_ASKED_FOR[found.policy]}")


def alignment(e: Evidence) -> Check:
    """Check that what SPF and DKIM speak for is what people see: the domain of From (RFC 7489, 3.1)."""
    same = f"From, ORGANIZER and envelope sender are all of {e.domain}"
    if e.is_signed:
        strict = ", strictly as its DMARC record asks" if e.dmarc.is_strict else ""
        words = f"{same}, and so is the signature{strict}"
        return Check(name=ALIGNMENT, grade=Grade.OK, sentence=words)
    if e.elsewhere:
        words = f"the DKIM keys are for {', '.join(e.elsewhere)} and the sender is of {e.domain}, so none of them signs"
        return Check(name=ALIGNMENT, grade=Grade.WARNING, sentence=f"{words}; make one for {e.domain}")
    words = f"{same}, but no signature is; DMARC then hangs on SPF alone, which forwarding breaks"
    return Check(name=ALIGNMENT, grade=Grade.WARNING, sentence=words)


def mx(e: Evidence) -> Check:
    """Check that answers and bounces can reach the address (RFC 5321, 5.1; RFC 7505)."""
    example = f"{e.domain}. IN MX 10 mail.{e.domain}."
    if e.mx.trouble or (not e.mx.records and e.addresses.trouble):
        words = _not_asked("where answers go", e.mx.trouble or e.addresses.trouble)
        return Check(name=MX, grade=Grade.WARNING, sentence=words)
    if NO_MAIL in e.mx.records:
        words = f"{e.domain} says that it takes no mail, so every answer to an invite bounces; name a host that does"
        return Check(name=MX, grade=Grade.FAILED, sentence=words, record=example)
    if e.mx.records:
        return Check(name=MX, grade=Grade.OK, sentence=f"answers to {e.address} go to {e.mx.records[0]}")
    if e.addresses.records:
        words = f"{e.domain} has no MX record, so answers go to its own address, which some senders do not try; add one"
        return Check(name=MX, grade=Grade.WARNING, sentence=words, record=example)
    words = f"{e.domain} has neither MX nor address records, so every answer to an invite bounces; name a host"
    return Check(name=MX, grade=Grade.FAILED, sentence=words, record=example)


def _open_spf(e: Evidence) -> Check:
    allowed = "lets everybody send (+all)" if e.spf.rest == "+" else "says nothing of other servers"
    words = f"the SPF record of {e.domain} {allowed}, so it proves nothing; end it in ~all or -all"
    # Where another domain's record says it, that record is for others to mend.
    mended = "" if e.spf.is_redirected else zone_line(e.domain, f"{_REST.sub('', e.spf.text)} ~all")
    return Check(name=SPF, grade=Grade.WARNING, sentence=words, record=mended)


def _proposed_spf(e: Evidence) -> str:
    return f"v=spf1 a:{e.relay} ~all" if e.relay else "v=spf1 a mx ~all"


def _signing(e: Evidence, seen: SeenKey) -> Check:
    key = seen.key
    if not seen.opens:
        words = f"the DKIM key {key.selector} was encrypted with another TOCSIN_SECRET_KEY, so messages go unsigned"
        remedy = f"bring that back, or retire the key and run `tocsin dkim create {e.subdomain}`"
        return Check(name=DKIM, grade=Grade.FAILED, sentence=f"{words}; {remedy}")
    if seen.found.trouble:
        return Check(name=DKIM, grade=Grade.WARNING, sentence=_not_asked("the DKIM record", seen.found.trouble))
    if seen.complaint is not None:
        words = (
            f"messages are signed, but no signature can be checked: {seen.complaint} at {key.name}; add this one alone"
        )
        return Check(name=DKIM, grade=Grade.FAILED, sentence=words, record=key.zone_line)
    if key.algorithm is not Algorithm.RSA:
        words = f"messages are signed with {key.selector} and its record is right, but not everybody checks Ed25519 yet"
        return Check(name=DKIM, grade=Grade.WARNING, sentence=f"{words}; an RSA key is understood by all")
    words = f"messages are signed for {e.domain} with {key.selector}, and its record is right"
    return Check(name=DKIM, grade=Grade.OK, sentence=words)


def _waiting(e: Evidence, seen: SeenKey) -> Check:
    activate = f"run `tocsin dkim activate {e.subdomain} {seen.key.selector}`"
    if seen.found.records and seen.complaint is None:
        words = f"the record of the DKIM key {seen.key.selector} is there, but the key does not sign yet; {activate}"
        return Check(name=DKIM, grade=Grade.WARNING, sentence=words)
    words = f"the DKIM key {seen.key.selector} does not sign yet; add its record, then {activate}"
    return Check(name=DKIM, grade=Grade.WARNING, sentence=words, record=seen.key.zone_line)


def _not_asked(what: str, trouble: str) -> str:
    return f"{what} could not be looked up ({trouble}); try again"
