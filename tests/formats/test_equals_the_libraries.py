"""What we write says what the usual libraries would have said: both are read alike, header by header and part by part."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.formats.letters import RECIPIENT, SENDER, a_letter, an_invite, hostile_text
from tests.formats.stock import read_calendar, read_message, stock_calendar, stock_message
from tocsin.domain.invite import Invite, Method
from tocsin.domain.letter import Letter
from tocsin.formats import dates, html, ics, mime
from tocsin.formats.footer import footer
from tocsin.formats.words import words

SIGNED = SENDER.replace("@", f"+r{'a' * 45}@")
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
# What people write and every library can: letters of several scripts, punctuation, and no blanks around it.
harmless_text = st.text(st.sampled_from("abcXYZ019 äéßøлж漢字👍.,;:!?'()+-_&/@#"), max_size=120).map(
    lambda text: " ".join(text.split())
)
addresses = st.sampled_from([RECIPIENT, "a+b@xn--bcher-kva.example", "o'neil%x/y&z=1@example.com"])


def invites(text: st.SearchStrategy[str]) -> st.SearchStrategy[Invite]:
    return st.builds(
        an_invite,
        method=st.sampled_from(Method),
        is_still_on=st.booleans(),
        sequence=st.integers(0, 10**6),
        stamp=moments,
        starts_at=moments,
        ends_at=moments,
        created_at=moments,
        uid=st.uuids().map(lambda each: f"{each}@example.net"),
        summary=text,
        description=text,
        location=text,
        url=st.sampled_from(["", "https://example.net/b/1?a=1&b=2,3;4", "https://example.net/ü", "no address"]),
        organizer_name=text,
        organizer_email=st.sampled_from([SENDER, SIGNED]),
        attendee_name=text,
        attendee_email=addresses,
    )


# With words of ours, in each script and direction, and without.
locales = st.sampled_from(["en", "de", "fr-CH", "pt-BR", "hi", "ja", "ar", "ar-EG", "fa", "sv", "es-MX"])
zone_names = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham"])


def in_words_of(letter: Letter, locale: str, zone: str) -> Letter:
    """Return `letter` as somebody gets it who reads `locale` in `zone`."""
    line = footer(letter.opt_out_url, "Acme", locale)
    return replace(
        letter,
        subject=words(locale).gettext("Updated: {subject}").format(subject=letter.subject),
        text=f"{letter.text}\n\n{dates.moment(letter.date, zone, locale)}",
        html=html.page(letter.html, locale=locale),
        own_text=f"\n\n{line.text}" if line.text else letter.own_text,
        own_html=line.html + html.CLOSING,
    )


def letters(text: st.SearchStrategy[str]) -> st.SearchStrategy[Letter]:
    # Names and subject stay harmless: of hostile ones `email` loses blanks, quotes and whole addresses, or it fails.
    # `test_readers` has those.
    changes = st.fixed_dictionaries(
        {
            "from_name": harmless_text,
            "to_name": harmless_text,
            "subject": harmless_text,
            "text": text,
            "html": text,
            "own_text": text,
            "own_html": text,
            "references": st.sampled_from(["", "b1.0.first@example.net"]),
            "reply_to": st.sampled_from([(), ("zoe@example.net",), (SIGNED, "zoe@example.net")]),
            "opt_out_url": st.sampled_from(["", "https://example.com/opt-out/x"]),
            "date": moments.map(lambda moment: moment.replace(microsecond=0)),
        }
    )
    plain = st.builds(lambda invite, wanted: a_letter(invite, **wanted), invites(text), changes)
    return st.one_of(plain, st.builds(in_words_of, plain, locales, zone_names))


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(invites(harmless_text | hostile_text))
def test_a_calendar_is_what_the_library_would_have_written(invite: Invite) -> None:
    assert read_calendar(ics.write(invite).encode()) == read_calendar(stock_calendar(invite))


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(letters(harmless_text | hostile_text))
def test_a_message_is_what_the_library_would_have_written(letter: Letter) -> None:
    assert read_message(mime.write(letter)) == read_message(stock_message(letter, letter.calendar.encode()))
