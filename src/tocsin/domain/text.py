"""What text may hold: the rule at the edge, and the filter before anything leaves.

Booker and admin text is hostile: it ends in mail headers and calendar properties that other people's programs read.
Both halves exist on purpose (refuse early, filter late): the edge can be forgotten by a new face, the filter
cannot.
"""

import re
import unicodedata

# C0 and C1 controls, line and paragraph separators, bidi embeddings and isolates, surrogates, and U+FFFE/U+FFFF, which XML
# and some mail readers refuse. LRM and RLM (U+200E, U+200F) stay: Arabic and Hebrew dates need them and they cannot reorder
# what stands around them.
_NEVER = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
_NOT_IN_A_LINE = re.compile(f"[{_NEVER}\t\n\r]")
_NOT_IN_TEXT = re.compile(f"[{_NEVER}]")

NAME_LENGTH = 100
LINE_LENGTH = 255
ANSWER_LENGTH = 500
BODY_LENGTH = 65_536


def normal(value: str) -> str:
    """Return `value` in Unicode normal form C with LF line ends and no white space around it."""
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def complaint(value: str, *, limit: int, several_lines: bool = False) -> str | None:
    """Tell what is wrong with `value` as text of at most `limit` characters, or None."""
    found = (_NOT_IN_TEXT if several_lines else _NOT_IN_A_LINE).search(value)
    if found is not None:
        return f"holds the control character U+{ord(found.group()):04X} at position {found.start() + 1}; remove it"
    if len(value) > limit:
        return f"has {len(value)} characters; at most {limit} are accepted"
    return None


def one_line(value: str, *, limit: int = LINE_LENGTH) -> str:
    """Return `value` as it may stand in a header or a calendar property: one line, nothing that a reader could decode.

    `=?` opens an encoded word (RFC 2047, 2) that can hide a line end, and mail libraries have written such a hidden line
    end as a new header (CVE-2024-6923), so it is broken up.
    """
    # Nothing of what is taken out can be printed, and to see that all can be is quicker than to look for it.
    filtered = value if value.isprintable() else _NOT_IN_A_LINE.sub(" ", value)
    return _cut(filtered.replace("=?", "= ?"), limit)


def several_lines(value: str, *, limit: int = BODY_LENGTH) -> str:
    """Return `value` as it may stand in a body: tabs and line ends stay, other controls become a space."""
    if value.replace("\n", "").isprintable():
        return _cut(value, limit)
    return _cut(_NOT_IN_TEXT.sub(" ", value.replace("\r\n", "\n").replace("\r", "\n")), limit)


def _cut(value: str, limit: int) -> str:
    return value if len(value) <= limit else value[: limit - 1] + "…"
