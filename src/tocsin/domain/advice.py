"""What to do about a delivery that did not go out, in words for whoever looks after the workspace."""

from tocsin.domain.delivery import Delivery, Outcome, State

# By the subject and detail of the enhanced code (RFC 3463, 3); the longest beginning that fits.
_BY_CODE = {
    "5.1": "The address is not good. Mend it in the rule or the booking: a retry goes to the same address.",
    "5.2": "The mailbox takes nothing at present. Ask its owner, then retry.",
    "5.2.3": "The message is too large for the mailbox. Shorten the rule's texts; a retry sends the same message.",
    "5.3": "The other server has a fault of its own. Retry later.",
    "5.4": "The other server cannot be reached. Look at the recipient's domain, then retry.",
    "5.7": "The message was refused by policy. Check the sender with `tocsin doctor`, then retry.",
}
_LATE = "It was not sent in time. Retry it if it is still of use."
_CALL = "The receiver does not take the call. Look at what it answers, mend it there, then retry."
_UNKNOWN = "Mend what the server's answer names, then retry."


def advice(delivery: Delivery, last: Outcome | None) -> str:
    """Return what to do about a failed or expired delivery, whose `last` attempt ended so (None: there was none)."""
    if delivery.state is State.EXPIRED:
        return _LATE
    if delivery.is_call:
        return _CALL
    code = "" if last is None else last.enhanced_code
    fitting = [start for start in _BY_CODE if f"{code}.".startswith(f"{start}.")]
    return _BY_CODE[max(fitting, key=len)] if fitting else _UNKNOWN
