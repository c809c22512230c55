"""A12: whatever an SMTP server says, each message ends in a sane outcome, and one that nobody took never counts as sent."""

from collections import Counter

from tests.docs.test_threats import the_tests_of
from tests.torture.dialogues import MESSAGES, hold
from tests.torture.rig import Rig

_SERVERS = "tests/mail/test_misbehaving_servers.py"
# The rows of the table of misbehaviours, each with a test that lives through it.
MISBEHAVIOURS = {
    "M1": (_SERVERS, "test_m1_a_banner_that_does_not_come_in_time_is_the_relays_trouble"),
    "M2": (_SERVERS, "test_m2_a_banner_that_says_no_is_the_relays_trouble"),
    "M3": (_SERVERS, "test_m3_a_server_that_refuses_every_greeting_is_in_trouble"),
    "M4": (_SERVERS, "test_m4_a_certificate_that_proves_nothing_is_the_relays_trouble"),
    "M5": (_SERVERS, "test_m5_nothing_is_sent_if_starttls_was_taken_out"),
    "M6": (_SERVERS, "test_m6_words_put_in_before_the_handshake_are_not_taken_for_the_servers"),
    "M7": (_SERVERS, "test_m7_a_login_that_is_refused_is_tried_once"),
    "M8": ("tests/mail/test_smtp.py", "test_a_reply_becomes_an_outcome_and_the_next_message_goes_out"),
    "M9": ("tests/mail/test_smtp.py", "test_each_recipient_gets_its_own_answer"),
    "M10": (_SERVERS, "test_m10_a_message_too_big_is_refused_for_good"),
    "M11": (_SERVERS, "test_m11_a_connection_lost_after_the_final_dot_leaves_us_not_knowing"),
    "M12": (_SERVERS, "test_m12_the_last_reply_may_take_longer_than_any_other"),
    "M13": (_SERVERS, "test_m13_a_reply_too_long_is_not_read_to_its_end"),
    "M14": (_SERVERS, "test_m14_an_odd_text_does_not_change_what_the_code_says"),
    "M15": ("tests/services/test_inbound.py", "test_a_real_bounce_ends_the_delivery_and_suppresses_the_address"),
    "M16": (_SERVERS, "test_m16_an_idle_connection_that_was_dropped_costs_nothing"),
    "M17": (_SERVERS, "test_m17_a_greylisted_message_is_taken_later"),
    "M18": (_SERVERS, "test_m18_a_relay_that_takes_few_messages_a_connection_gets_new_connections"),
    "M19": (_SERVERS, "test_m19_a_utf_8_local_part_ends_where_smtputf8_is_not_offered_but_a_domain_does_not"),
    "M20": (_SERVERS, "test_m20_a_relay_that_is_down_is_in_trouble_and_found_again_when_it_is_up"),
}


def test_whatever_a_server_says_each_message_ends_in_a_sane_outcome(rig: Rig) -> None:
    number = rig.size(quick=150, nightly=10_000)

    held = [hold(seed) for seed in range(number)]

    wrong = [text for one in held for text in one.wrong]
    ended = Counter(outcome.result.value for one in held for outcome in one.outcomes)
    assert ended.keys() >= {"accepted", "temporary", "permanent", "unknown", "transport"}
    assert (
        sum(ended.values()) > MESSAGES * number * 0.9
    )  # the others found no connection however often they were handed over
    lived = [name for name, (file, test) in MISBEHAVIOURS.items() if test in the_tests_of(file)]
    text = f"{len(lived)} of 20; {len(wrong)} wrong in {number:,} dialogues" + "".join(f"\n{one}" for one in wrong[:5])
    rig.found("A12", text, is_met=not wrong and len(lived) == 20)
