"""Owns the mutants of the mail: one copy, the same bytes, one worker at a time, and no header that we did not write."""

from tests.mutants.mutant import Mutant

_DELIVERY = "tests/integration/notifier/test_delivery.py"
_FENCES = "tests/integration/notifier/test_fences.py"
_GATE = "tests/integration/notifier/test_gate.py"
_HEADERS = "tests/unit/notifier/test_header_injection.py"
_ADDRESSES = "services/notifier/domain/addresses.py"
_DELIVERIES = "services/notifier/store/deliveries.py"

MAIL = [
    Mutant(
        "unknown is tried again",
        "A mail that may have arrived is never sent again by itself.",
        "services/notifier/domain/mail.py",
        "        case Unanswered():\n            return _unknown(mail, now)\n",
        "        case Unanswered():\n"
        '            return settle(mail, Deferred("email_deferred", "mail"), now, retries, jitter)\n',
        f"{_DELIVERY}::test_a_connection_lost_after_the_content_is_unknown_and_never_sent_again",
    ),
    Mutant(
        "a content is made anew",
        "Every attempt at a mail sends the same bytes.",
        "services/notifier/composing.py",
        "return mail.content or self._compose(mail)",
        "return self._compose(mail)",
        f"{_DELIVERY}::test_a_mail_put_off_after_the_content_is_sent_again_with_the_same_bytes",
    ),
    Mutant(
        "a lease that runs is swept",
        "A mail in the hands of a worker that lives is nobody else's.",
        _DELIVERIES,
        "where state = any($1) and lease_until < clock_timestamp()",
        "where state = any($1) and lease_until is not null",
        f"{_FENCES}::test_a_lease_that_runs_is_not_swept[transmitting]",
    ),
    Mutant(
        "the gate is not asked",
        "While mails are held none goes out.",
        _DELIVERIES,
        "not exists (select from mail_gate where held)",
        "true",
        f"{_FENCES}::test_no_mail_is_taken_while_mails_are_held",
    ),
    Mutant(
        "the gate is asked when a mail is taken alone",
        "Once mails are held, none goes out whose content is not on its way.",
        _DELIVERIES,
        ' and {_MAY_GO.format(mail="e")} returning',
        " returning",
        f"{_GATE}::test_once_mails_are_held_also_those_wait_that_a_worker_had_taken",
    ),
    Mutant(
        "what must not go waits for its lease",
        "A mail that was taken and must not go is seen among those that wait.",
        "services/notifier/delivery.py",
        "await self._give_back([mail], probe=flight.probe)  # which",
        "pass  # which",
        f"{_GATE}::test_once_mails_are_held_also_those_wait_that_a_worker_had_taken",
    ),
    Mutant(
        "no fence before the content",
        "A worker that comes late does not send what another one is sending.",
        _DELIVERIES,
        "where e.id = n.id and e.attempt = n.attempt and e.state = any($5)",
        "where e.id = n.id and e.state = any($5)",
        f"{_FENCES}::test_a_worker_whose_mail_another_has_by_now_sends_nothing",
    ),
    Mutant(
        "no fence at the outcome",
        "A worker that comes late does not decide about another one's attempt.",
        _DELIVERIES,
        "n(id, attempt) on e.id = n.id and e.attempt = n.attempt\n",
        "n(id, attempt) on e.id = n.id\n",
        f"{_FENCES}::test_a_worker_whose_mail_another_has_by_now_settles_nothing",
    ),
    Mutant(
        "no fence at the server's yes",
        "A worker that comes late does not decide about another one's attempt, however well its own went.",
        _DELIVERIES,
        "where e.id = n.id and e.attempt = n.attempt and e.state = any($6)",
        "where e.id = n.id and e.state = any($6) or e.id = n.id",
        f"{_FENCES}::test_a_worker_whose_mail_another_has_by_now_settles_nothing",
    ),
    Mutant(
        "an answer to the content counts for nothing",
        "A mail that was refused after its content has failed; it is not unknown.",
        "services/notifier/mailer.py",
        "return _refused(code, message) if 400 <= code <= 599 else Unanswered()",
        "return Unanswered()",
        f"{_DELIVERY}::test_a_refused_mail_has_failed_and_is_not_tried_again[data]",
    ),
    Mutant(
        "an encoded word stays one",
        "A name is shown as it is, and nothing is read into it.",
        "services/notifier/domain/message.py",
        "plain = subject.isascii() and ENCODED_WORD not in subject and",
        "plain = subject.isascii() and",
        f"{_HEADERS}::test_a_name_is_read_as_it_was_given[=?utf-8?q?Bolaget=0D=0ABcc:_x?=]",
    ),
    Mutant(
        "a subject of several lines",
        "No name ends a header's line.",
        "services/notifier/domain/message.py",
        "if any(unicodedata.category(letter) in _UNSEEN for letter in subject):",
        "if not subject:",
        f"{_HEADERS}::test_what_ends_a_line_or_cannot_be_seen_is_in_no_subject[\\x00]",
    ),
    Mutant(
        "an encoded word before the @",
        "No reader finds another address in ours.",
        _ADDRESSES,
        " or ENCODED_WORD in local or",
        " or",
        f"{_HEADERS}::test_an_address_of_the_corpus_is_refused[encoded word as a whole]",
    ),
    Mutant(
        "a domain is looked at before IDNA alone",
        "Letters that IDNA turns into an @ or a comma make no second address.",
        _ADDRESSES,
        "if not _DOMAIN.fullmatch(ascii_domain) or",
        "if",
        f"{_HEADERS}::test_an_address_of_the_corpus_is_refused[wide at behind]",
    ),
    Mutant(
        "names turn the words around them",
        "A name does not make other words look otherwise.",
        "services/notifier/rendering.py",
        "shown(mail.client_name)",
        "mail.client_name",
        "tests/integration/notifier/test_hostile_mails.py"
        "::test_no_name_that_comes_by_event_adds_a_header_or_a_recipient",
    ),
    Mutant(
        "a receiver that refuses our sender is no reason to give up",
        "A mail that a receiver never takes from us has an end.",
        "services/notifier/mailer.py",
        'return Deferred("email_rejected", "mail", code,',
        'return Deferred("email_rejected", "relay", code,',
        "tests/integration/notifier/test_circuit.py"
        "::test_a_receiver_that_never_takes_our_sender_fails_the_mail_once_patience_is_over",
    ),
    Mutant(
        "circuits are locked as outcomes come",
        "Two batches of outcomes do not wait for each other.",
        "services/notifier/commits.py",
        'key=lambda each: each.relay or "")',
        'key=lambda _: "")',
        "tests/integration/notifier/test_circuit.py::test_two_batches_of_outcomes_lock_circuits_in_one_order",
    ),
    Mutant(
        "a greeting's code is forgotten",
        "What a server refused us with stands with the attempt.",
        "services/notifier/mailer.py",
        "_code(error.code), error.message) from error",
        "_code(error.code)) from error",
        "tests/integration/notifier/test_wire.py::test_what_a_greeting_refused_us_with_stands_with_the_attempt",
    ),
    Mutant(
        "who waited for a resend does not look again",
        "Resends of a mail count one after the other, also where they come at once.",
        "services/notifier/store/emails.py",
        "rows = await uow.connection.fetch(_COPIES, *key)  # whoever",
        "pass  # whoever",
        "tests/integration/notifier/test_emails.py"
        "::test_other_addresses_are_counted_too_where_all_are_asked_for_at_once",
    ),
    Mutant(
        "lines that say nothing take no place",
        "A mail server's answer without end is hung up on.",
        "services/notifier/wire.py",
        "self._heard += len(line) + 1",
        "self._heard += len(line[4:].strip())",
        "tests/unit/notifier/test_wire.py"
        "::test_an_answer_without_end_is_hung_up_on_also_where_its_lines_are_empty[empty]",
    ),
    Mutant(
        "what a person gives up is said by nobody",
        "Of each mail that becomes unknown it is said, so that a bell rings.",
        "services/notifier/giving_up.py",
        "            uow.publish(event, held.cause)\n",
        "            pass\n",
        f"{_GATE}::test_what_a_release_gives_up_is_on_record_with_who_did_it_and_why_said_and_belled",
    ),
    Mutant(
        "a dialogue that breaks off is tried for ever",
        "A mail that is never taken has an end.",
        "services/notifier/domain/mail.py",
        'return self.fault == "mail" or broke_off',
        'return self.fault == "mail"',
        "tests/integration/notifier/test_circuit.py"
        "::test_a_mail_whose_dialogue_breaks_off_each_time_fails_once_patience_is_over[drop]",
    ),
    Mutant(
        "an open circuit waits for a mail that is due",
        "An open circuit is tried when it is time.",
        "services/notifier/delivery.py",
        ' or await one(probe="early")',
        "",
        "tests/integration/notifier/test_circuit.py::test_it_is_tried_when_it_is_time_though_no_mail_is_due",
    ),
    Mutant(
        "a subject that is a personal number",
        "Personal numbers never leave the vault.",
        "chassis/tokens.py",
        "if discloses_a_number(given.sub):",
        "if False:",
        "tests/integration/notifier/test_harmless_callers.py"
        "::test_whom_a_token_names_by_a_number_is_refused_on_every_route",
    ),
    Mutant(
        "who has ended is counted on",
        "What the server answered is stored.",
        "services/notifier/together.py",
        "sum(not each.done() for each in self._running)",
        "len(self._running)",
        "tests/unit/notifier/test_together.py::test_what_is_asked_for_at_the_moment_when_all_others_end_is_done_too",
    ),
]
