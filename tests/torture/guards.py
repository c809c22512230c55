"""The guards that are broken on purpose: each with its text, what it becomes, and who must notice."""

from tests.torture.mutants import Mutant

_DELIVERING = "tests/services/test_delivering.py::"
_LEASE = "tests/workers/test_lease.py::"
_QUEUE = "tests/storage/test_queue.py::"
_SIGN_IN = "tests/faces/test_sign_in.py::"
_SOURCES = "tests/sources/test_every_source.py::"
_AUDIT = "tests/domain/test_audit.py::"
_CONSENT = "tests/services/test_consent.py::"
_CREW = "tests/workers/test_crew.py::"
_TURNS = "tests/workers/test_turns.py::"
_RESTORE = "tests/journeys/test_restore.py::"
_SERVERS = "tests/mail/test_misbehaving_servers.py::"
_SQLITE = "tests/storage/test_sqlite.py::"
_CALLS = "tests/calls/test_nothing_inside_is_called.py::"
_TIMED = "tests/services/test_timed_planning.py::"
_OPT_OUT = "tests/faces/test_opt_out.py::"
_LIMITS = "tests/services/test_limits.py::"
_SMTP = "tests/mail/test_smtp.py::"

ENGINE = (
    Mutant(
        "a lease that may have lapsed is doubted",
        "workers/lease.py",
        "return claimed_at > self._lost_before and time.monotonic() - known_at < self.length.total_seconds() / 2",
        "return claimed_at > 0.0 * known_at",
        (_LEASE + "test_what_was_just_claimed_is_held_for_half_a_lease",),
        seeds=40,
    ),
    Mutant(
        "nobody who stands still is waited for longer than two leases",
        "workers/neighbours.py",
        "until=clock() + min(2 * lease - silence, lease / STEP)",
        "until=clock() + lease",
        ("tests/workers/test_neighbours.py::test_nobody_is_waited_for_longer_than_that",),
    ),
    Mutant(
        "who looks at a neighbour is not taken for it",
        "mail/neighbours.py",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        ("tests/mail/test_neighbours.py::test_two_that_look_at_once_do_not_take_each_other_for_the_one_they_look_at",),
    ),
    Mutant(
        "the lease is looked at before each message",
        "services/attempts.py",
        "self.is_in_trouble or not self.is_held()",
        "self.is_in_trouble",
        (_LEASE + "test_a_worker_that_was_paused_past_its_lease_does_not_send_what_another_took",),
        seeds=40,
    ),
    Mutant(
        "a booking that changed since its message was written is noticed before DATA",
        "services/attempts.py",
        "if not delivery.is_call and not is_of_now:",
        "if not delivery.is_call and is_of_now is None:",
        (_DELIVERING + "test_a_move_that_is_noticed_before_sending_supersedes_too",),
        seeds=40,
    ),
    Mutant(
        "who is written to no more is noticed before DATA",
        "services/attempts.py",
        "elif consent.refusal(entries, delivery, one.booking) is not None:",
        "elif consent.refusal([], delivery, one.booking) is not None:",
        (_CONSENT + "test_an_opt_out_holds_for_what_is_prepared_already_and_waits_behind_a_slow_relay",),
    ),
    Mutant(
        "who is on the list gets no message",
        "services/preparation.py",
        "end = end or consent.refusal(facts.listed(delivery), delivery, booking)",
        "end = end or consent.refusal([], delivery, booking)",
        (_CONSENT + "test_an_opt_out_holds_for_what_is_prepared_already_and_waits_behind_a_slow_relay",),
    ),
    Mutant(
        "who lost the lease cannot settle",
        "storage/queue.py",
        "WHERE workspace_id = :workspace_id AND id = :id AND state = 'sending' AND attempts = :attempts",
        "WHERE workspace_id = :workspace_id AND id = :id AND attempts >= :attempts",
        (_QUEUE + "test_a_worker_that_lost_its_lease_changes_nothing",),
        seeds=40,
    ),
    Mutant(
        "nothing is claimed before it is due",
        "storage/queue.py",
        "WHERE d.{QUEUED} AND d.next_at <= :now AND {{which}}",
        "WHERE d.{QUEUED} AND d.next_at <= :now + 60000000 AND {{which}}",
        (_QUEUE + "test_nothing_is_claimed_before_it_is_due",),
        seeds=40,
    ),
    Mutant(
        "messages to one recipient about one booking go one by one in order",
        "storage/queue.py",
        "           AND {_FIRST}\n         ORDER BY d.next_at\n",
        "         ORDER BY d.next_at\n",
        (_QUEUE + "test_messages_to_one_recipient_about_one_booking_go_one_by_one_in_order",),
    ),
    Mutant(
        "what its workers die of is not tried for ever",
        "storage/queue.py",
        "healthy = [delivery for delivery in taken if delivery.crashes < MOST_CRASHES]\n",
        "healthy = taken\n",
        (_QUEUE + "test_a_delivery_whose_worker_died_each_time_is_failed_and_the_others_go_on",),
    ),
    Mutant(
        "what has left is not planned anew",
        "storage/planned_columns.py",
        "WHERE deliveries.state IN ('scheduled', 'paused', 'cancelled', 'superseded') AND NOT {_SKIPPED}",
        "WHERE deliveries.state IN ('scheduled', 'paused', 'cancelled', 'superseded', 'sent') AND NOT {_SKIPPED}",
        (_TIMED + "test_a_reminder_that_was_sent_is_not_sent_again_because_its_rule_says_something_else",),
    ),
    Mutant(
        "the key of planning: the same thing is planned once",
        "domain/plan.py",
        'key=f"{rule.id}/{key}/{index}/{recipient_key(recipient)}"',
        'key=f"{rule.id}/{key}/{booking.revision}/{index}/{recipient_key(recipient)}"',
        (_TIMED + "test_a_move_there_and_back_sends_one_reminder",),
    ),
    Mutant(
        "a repeat is the bytes that were frozen",
        "services/former.py",
        "return frozen if frozen.booking_revision == booking.revision else None",
        "return None",
        (_DELIVERING + "test_a_retry_of_an_unchanged_booking_is_the_same_bytes",),
        seeds=40,
    ),
    Mutant(
        "bytes that were frozen do not outlive a change",
        "services/former.py",
        "return frozen if frozen.booking_revision == booking.revision else None",
        "return frozen",
        (_DELIVERING + "test_a_retry_after_a_move_is_written_anew_with_a_higher_sequence",),
        seeds=40,
    ),
    Mutant(
        "other words have another Message-ID",
        "services/messages.py",
        'return f"{delivery.id}.{scene.booking.revision}.{sequence}@',
        'return f"{delivery.id}@',
        (_DELIVERING + "test_a_retry_after_a_move_is_written_anew_with_a_higher_sequence",),
        seeds=40,
    ),
    Mutant(
        "SEQUENCE rises with each change",
        "domain/invite.py",
        "sequence=told.sequence + 1 + gap",
        "sequence=told.sequence + gap",
        ("tests/domain/test_invite.py::test_another_content_is_the_next_revision",),
        seeds=40,
    ),
    Mutant(
        "what is too late is not sent",
        "domain/delivery.py",
        "if now >= delivery.expires_at:",
        "if now < delivery.created_at:",
        ("tests/domain/test_delivery.py::test_a_delivery_expires_at_the_very_moment",),
    ),
    Mutant(
        "what could not be settled is kept, and settled before anything else is taken",
        "workers/loop.py",
        "            unsettled += error.settlements\n",
        "",
        (_CREW + "test_what_could_not_be_settled_is_settled_when_the_store_returns_and_not_sent_twice",),
        seeds=40,
    ),
    Mutant(
        "nobody waits behind somebody else's crowd",
        "workers/loop.py",
        "passed_over = self._turns.passed_over(now=now)",
        "passed_over: frozenset[WorkspaceId] = frozenset()",
        (_TURNS + "test_a_single_message_behind_a_thousand_of_another_workspace_is_taken_within_a_second",),
        seeds=40,
    ),
    Mutant(
        "a limit holds back what is beyond it",
        "services/limits.py",
        "    if refusals:\n",
        "    if refusals is None:\n",
        (_LIMITS + "test_what_fits_leaves_and_the_next_waits_until_there_is_room",),
    ),
    Mutant(
        "nothing leaves while sending is paused",
        "services/preparation.py",
        "pause = facts.pause() if batch.leaves else None",
        "pause = None if batch.leaves else facts.pause()",
        ("tests/faces/test_limits.py::test_a_paused_workspace_says_so_and_its_deliveries_wait",),
    ),
)

STORE = (
    Mutant(
        "each commit is flushed to the disk",
        "storage/sqlite.py",
        '"PRAGMA synchronous=FULL"',
        '"PRAGMA synchronous=NORMAL"',
        (_SQLITE + "test_the_file_is_kept_as_safely_as_sqlite_can",),
    ),
    Mutant(
        "nobody hears of success before the commit",
        "storage/sqlite.py",
        "            self._await(group)\n",
        "",
        (_SQLITE + "test_nobody_hears_of_success_before_the_commit_that_holds_his_work",),
    ),
    Mutant(
        "one process owns the file",
        "storage/sqlite.py",
        "fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        (_SQLITE + "test_a_second_process_is_refused_until_the_first_has_closed_the_file",),
    ),
    Mutant(
        "a workspace reads its own deliveries only",
        "storage/deliveries.py",
        'f"SELECT {COLUMNS} FROM deliveries WHERE workspace_id = :workspace_id AND id = :id"',
        'f"SELECT {COLUMNS} FROM deliveries WHERE id = :id"',
        ("tests/storage/test_workspaces.py::test_an_empty_workspace_sees_nothing_of_others",),
    ),
    Mutant(
        "what may have left since a backup is held",
        "services/restore.py",
        "number = tx.held.hold(reason=because, by=restore.BY, due_by=now + SETTLE, now=now)",
        "number = 0",
        (_RESTORE + "test_a_backup_under_load_is_whole_and_nothing_is_sent_twice_on_another_machine",),
    ),
    Mutant(
        "an entry of the audit log that was changed is named",
        "domain/audit.py",
        "if not is_sealed_with(key, entry, previous=previous, workspace_id=workspace_id):",
        "if not entry.seal:",
        (_AUDIT + "test_an_entry_of_which_anything_was_changed_is_named",),
    ),
    Mutant(
        "an audit log that was cut off is noticed",
        "domain/audit.py",
        "if not whole or number != head.number or last != head.last:",
        "if number != head.number or last != head.last:",
        (_AUDIT + "test_what_was_cut_off_at_the_end_is_seen_also_if_the_head_was_set_back",),
    ),
    Mutant(
        "a sealed box opens for its own row only",
        "formats/secretbox.py",
        'return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in identity)',
        'return b"".join(part.encode() for part in identity[:0])',
        ("tests/formats/test_secretbox.py::test_a_box_opens_with_the_same_secret_purpose_and_identity_only",),
    ),
)

MAIL = (
    Mutant(
        "a message that nobody answered is not taken for sent",
        "mail/smtp.py",
        "return Outcome(result=Result.UNKNOWN, reply=cut(self._without_password(text)))",
        "return Outcome(result=Result.ACCEPTED, reply=cut(self._without_password(text)))",
        ("tests/mail/test_misbehaving_servers.py",),
    ),
    Mutant(
        "what is said before the body is no answer to it",
        "mail/smtp.py",
        "        if session.has_spoken():\n",
        "        if session.has_spoken() is None:\n",
        (_SERVERS + "test_m11_what_is_said_before_the_body_is_no_answer_to_it",),
    ),
    Mutant(
        "TLS is not left out where it is required",
        "mail/dialogue.py",
        "            if self._relay.tls is Tls.OPTIONAL:\n                return\n",
        "            if self._relay.tls is not Tls.NONE:\n                return\n",
        (_SERVERS + "test_m5_nothing_is_sent_if_starttls_was_taken_out",),
    ),
    Mutant(
        "words before the handshake are not the server's",
        "mail/dialogue.py",
        "if reply is None or self._incoming:",
        "if reply is None:",
        (_SERVERS + "test_m6_words_put_in_before_the_handshake_are_not_taken_for_the_servers",),
    ),
    Mutant(
        "an address that could be read in two ways is not written",
        "mail/parcel.py",
        "if not _is_dot_atom(local) or len(local.encode()) > LOCAL_PART_LIMIT:",
        "if len(local.encode()) > LOCAL_PART_LIMIT:",
        (_SMTP + "test_nothing_is_written_for_an_address_that_could_be_read_in_two_ways",),
    ),
    Mutant(
        "a bare CR, LF or NUL never leaves",
        "mail/parcel.py",
        'if b"\\r\\n".join(message.splitlines()) + b"\\r\\n" != message or b"\\0" in message:',
        "if len(message) == 0:",
        (_SMTP + "test_bytes_that_another_server_could_read_as_two_messages_are_not_sent",),
    ),
    Mutant(
        "a message of which the last look complains never leaves",
        "services/preparation.py",
        "complaints = composed.complaints(frozen.message)",
        "complaints = composed.complaints(frozen.message)[:0]",
        (_DELIVERING + "test_a_message_that_the_scan_complains_of_never_leaves",),
    ),
    Mutant(
        "what a booker writes stays text",
        "formats/html.py",
        'return str(escape(several_lines(value))).replace("\\n", "<br>")',
        'return several_lines(value).replace("\\n", "<br>")',
        ("tests/formats/test_html.py",),
    ),
    Mutant(
        "what the sanitiser leaves is read once more",
        "formats/html.py",
        "    _assert_clean(cleaned)\n",
        "",
        ("tests/formats/test_html.py::test_what_a_broken_sanitiser_lets_through_does_not_go_out",),
    ),
    Mutant(
        "a return path that we did not sign means nothing",
        "domain/signed_address.py",
        "if not hmac.compare_digest(mac, _mac(purpose, payload, secret)):",
        "if len(mac) != _MAC:",
        ("tests/services/test_inbound.py::test_a_thousand_forged_bounces_suppress_nobody_and_a_real_one_does",),
    ),
)

FACES = (
    Mutant(
        "a call of a source has to be signed",
        "formats/sources/shape.py",
        'return bool(right) and hmac.compare_digest(told.encode("utf-8", "surrogateescape"), right.encode())',
        "return bool(right)",
        (_SOURCES + "test_a_call_that_proves_nothing_has_no_effect",),
    ),
    Mutant(
        "a signature is good for some minutes",
        "formats/sources/generic.py",
        "if abs(now - at) > _TOLERANCE:",
        "if abs(now - at) < timedelta(0):",
        (_SOURCES + "test_a_signature_with_a_moment_is_good_for_some_minutes_only",),
    ),
    Mutant(
        "a call that comes again is the same call",
        "services/source_calls.py",
        "    call = tx.source_calls.by_digest(source.id, digest)\n",
        "    call = None if digest else tx.source_calls.by_digest(source.id, digest)\n",
        (_SOURCES + "test_hundreds_of_replays_of_a_call_send_nothing_more",),
    ),
    Mutant(
        "a public name that leads inside is not called",
        "calls/network.py",
        "not all(map(is_public, addresses))",
        "not any(map(is_public, addresses))",
        (_CALLS + "test_a_name_of_which_one_address_leads_inside_is_not_called",),
    ),
    Mutant(
        "what is not of the public network is not called",
        "domain/webhook.py",
        "return found.is_global and not (found.is_multicast or found.is_reserved or is_closed)",
        "return not (found.is_multicast or found.is_reserved or is_closed)",
        (_CALLS + "test_a_public_name_that_leads_inside_is_not_called",),
    ),
    Mutant(
        "a key with another body is refused",
        "services/idempotency.py",
        "if kept[0] != digest:",
        "if kept[0] is None:",
        ("tests/faces/test_idempotency.py::test_another_body_path_or_query_with_the_same_key_is_refused",),
    ),
    Mutant(
        "a key opens its own workspace only",
        "services/access.py",
        "if key is None or not is_right or not key.is_live(now) or key.workspace_id != workspace_id:",
        "if key is None or not is_right or not key.is_live(now):",
        ("tests/faces/test_host.py::test_a_key_is_no_use_at_the_host_of_another_workspace",),
    ),
    Mutant(
        "the secret of a key has to be right",
        "services/access.py",
        "is_right = hmac.compare_digest(_hash(secret, pepper), kept_hash)",
        "is_right = len(_hash(secret, pepper)) == len(kept_hash)",
        ("tests/services/test_access.py::test_a_secret_that_is_wrong_anywhere_opens_nothing",),
    ),
    Mutant(
        "a form comes from a page of ours",
        "web/guard.py",
        "if not _is_same_origin(request, visit.app):",
        "if visit.app is None:",
        (_SIGN_IN + "test_a_form_of_somebody_elses_page_is_refused",),
    ),
    Mutant(
        "a form belongs to its session",
        "web/guard.py",
        "not hmac.compare_digest(sent, form_token(visit).encode())",
        "len(form_token(visit)) == 0",
        (_SIGN_IN + "test_a_form_without_this_sessions_token_is_refused",),
    ),
    Mutant(
        "pages show text as text",
        "web/pages.py",
        "autoescape=True",
        "autoescape=False",
        (_OPT_OUT + "test_no_name_is_read_as_a_tag_in_any_language",),
    ),
    Mutant(
        "only a POST stops messages",
        "web/opt_out.py",
        "lambda: _shown(app, request))",
        'lambda: _done(app, request, {"List-Unsubscribe": "One-Click"}))',
        (_OPT_OUT + "test_looking_a_thousand_times_changes_nothing",),
    ),
    Mutant(
        "a link that we did not sign stops nothing",
        "domain/opt_out.py",
        "if not hmac.compare_digest(mac, _mac(payload, secret)) or _text(octets) != token:",
        "if _text(octets) != token:",
        (_OPT_OUT + "test_a_link_that_was_changed_is_not_ours",),
    ),
    Mutant(
        "nothing is written to a damaged file",
        "storage/sqlite.py",
        "        if self.damage is not None:\n            raise UnavailableError(self.damage)\n",
        "",
        (
            "tests/storage/test_integrity.py::test_after_a_look_that_finds_damage_nothing_is_written_and_what_is_whole_is_read",
        ),
    ),
    Mutant(
        "a store that everybody can read starts nothing",
        "bootstrap.py",
        "    site.must_be_private(settings)\n",
        "",
        ("tests/faces/test_doctor.py::test_what_nothing_can_start_with_is_refused_in_one_line",),
    ),
    Mutant(
        "a request that does not end is not waited for",
        "protocol.py",
        'self._expect("body", BODY_S)',
        "self._expect_nothing()",
        ("tests/test_protocol.py::test_a_body_that_does_not_end_is_told_and_its_request_comes_to_nothing",),
    ),
    Mutant(
        "a booking that somebody moves meanwhile is kept",
        "storage/retention.py",
        "ids = self._locked(booking_ids, before=before)",
        "ids = as_json(sorted(booking_ids))",
        ("tests/storage/test_retention.py::test_a_booking_about_which_something_is_still_to_be_sent_is_kept",),
    ),
)

GUARDS = (*ENGINE, *STORE, *MAIL, *FACES)
