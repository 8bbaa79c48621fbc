"""Owns the list of mutants: the promise, the line that keeps it, what it becomes, and the test that must turn red."""

from tests.mutants.mutant import Mutant

CONSUMER = "tests/integration/chassis/test_consumer.py"
ACCEPTANCE = "tests/integration/chassis/test_offset_acceptance.py"
OFFSETS = "tests/integration/chassis/test_offsets.py"
PROMISES = "tests/integration/chassis/test_promises.py"
RELAY = "tests/integration/chassis/test_relay.py"
DELIVERY = "tests/integration/notifier/test_delivery.py"
RECALLING = "tests/integration/notifier/test_recalling.py"

EXACTLY_ONCE = [
    Mutant(
        "no version guard",
        "What a relay sends again changes nothing.",
        "chassis/fold.py",
        "verdict = judge(seen.get(event.subject), version, event.id, snapshot=snapshot)",
        "verdict = Verdict.APPLY",
        f"{CONSUMER}::test_what_a_relay_sends_again_changes_nothing",
    ),
    Mutant(
        "a passed-over type does not count",
        "Versions count up over event types that a service does not handle.",
        "chassis/fold.py",
        "        if hold is None:\n            seen[event.subject]",
        "        if hold is None and type(event.data) in self._subscription.handler.decide:\n"
        "            seen[event.subject]",
        f"{CONSUMER}::test_the_version_counts_up_over_types_that_are_passed_over",
    ),
    Mutant(
        "a snapshot is ignored",
        "A snapshot sets the baseline, unless something newer was seen.",
        "chassis/version_guard.py",
        "return Verdict.APPLY if version > last or seen is None else Verdict.REPEATED",
        "return Verdict.REPEATED",
        "tests/unit/chassis/test_version_guard.py::test_a_snapshot_sets_the_baseline_unless_something_newer_was_seen",
    ),
    Mutant(
        "Kafka's offset instead of ours",
        "Whatever Kafka remembers, even an offset ahead of ours, nothing is lost.",
        "chassis/consumer.py",
        'offset = known.get((place.topic, place.partition), Offset(begins[place], ""))',
        'offset = Offset(await consumer.committed(place) or begins[place], "")',
        f"{PROMISES}::test_a_kafka_offset_that_is_ahead_of_ours_loses_nothing",
    ),
    Mutant(
        "offsets committed before the effect",
        "Offset and effect are one transaction: an effect that is undone is had again.",
        "chassis/batch.py",
        "        for topic, items in by_topic.items():\n            outcomes",
        "        await consumer_offsets.advance(uow, offsets)\n"
        '        await uow.connection.execute("commit; begin")\n'
        "        for topic, items in by_topic.items():\n            outcomes",
        f"{PROMISES}::test_a_batch_whose_effect_is_undone_is_handled_again",
    ),
    Mutant(
        "no FOR UPDATE on consumer_offsets",
        "Of two who think that a partition is theirs, one handles it at a time, and nothing is handled by both.",
        "chassis/consumer_offsets.py",
        'LOCK = READ + " for update of o"',
        "LOCK = READ",
        f"{PROMISES}::test_two_who_think_that_a_partition_is_theirs_handle_it_one_after_the_other",
    ),
    Mutant(
        "assignment check off",
        "A topic that was made anew is noticed and named, not swallowed as duplicates.",
        "chassis/consumer.py",
        "if first.offset != known.next_offset - 1 or record_id(first) != known.last_event_id:",
        "if first.offset != known.next_offset - 1:",
        f"{OFFSETS}::test_a_recreated_topic_stops_the_reader_and_is_named",
    ),
    Mutant(
        "a missing beginning is passed over",
        "A new reader whose beginning is gone stops until the owner has announced.",
        "chassis/consumer.py",
        "if begins[place] > 0 and self._subscriptions[place.topic].ours:",
        "if begins[place] < 0:",
        f"{OFFSETS}::test_a_topic_whose_beginning_is_gone_stops_a_new_reader",
    ),
    Mutant(
        "a gap in the middle is passed over",
        "Records that are missing in one of our own topics stop the reader and are named.",
        "chassis/consumer_offsets.py",
        "    if ours and records:",
        "    if records and not records:",
        f"{ACCEPTANCE}::test_all_up_to_a_gap_is_handled_and_reading_goes_on_behind_it_once_accepted",
    ),
    Mutant(
        "waiting without polling",
        "While its database is away a member polls on, and the group keeps it.",
        "chassis/consumer.py",
        "await consumer.getmany(timeout_ms=min(POLL_MS, int(1000 * max(0.0, until - loop.time())) + 1))",
        "await asyncio.sleep(max(0.0, until - loop.time()))",
        f"{PROMISES}::test_a_member_that_waits_for_its_database_stays_in_the_group",
    ),
    Mutant(
        "circuit breaker off",
        "A bad deploy stops reading instead of draining the topic into held events.",
        "chassis/breaker.py",
        "if recent.run >= limits.run or recent.faults >= limits.ratio * limits.window:",
        "if not limits:",
        f"{CONSUMER}::test_a_bad_deploy_stops_reading_and_keeps_the_topic_whole",
    ),
]

HELD_EVENTS = [
    Mutant(
        "retry out of order",
        "What is held on a key is replayed in order.",
        "chassis/held_events.py",
        'order by {turn("h")} limit $3',
        'order by {turn("h")} desc limit $3',
        f"{CONSUMER}::test_a_bug_in_decide_holds_its_key_until_it_is_mended_and_then_replays_in_order",
    ),
    Mutant(
        "discard without advancing",
        "Giving up a held event lets those that wait behind it go on.",
        "chassis/retrier.py",
        "        await self._advance(uow, rows[0])\n",
        "        pass\n",
        f"{CONSUMER}::test_a_refusal_is_a_dead_letter_and_discarding_it_lets_its_followers_go_on",
    ),
    Mutant(
        "a held event is dropped when its follower comes",
        "A held event counts as seen only when it was handled.",
        "chassis/fold.py",
        "        if hold is None:\n            seen[event.subject]",
        "        if hold is None or hold.again:\n            seen[event.subject]",
        f"{CONSUMER}::test_a_bug_in_decide_holds_its_key_until_it_is_mended_and_then_replays_in_order",
    ),
    Mutant(
        "a follower passes what is held",
        "Nothing goes before what is held on its key.",
        "chassis/fold.py",
        "follows = waits is not None and not _passes(waits, verdict, snapshot=snapshot)",
        "follows = False",
        f"{PROMISES}::test_nothing_goes_before_what_is_held_on_its_key",
    ),
    Mutant(
        "no lock on a held key",
        "What comes while its key is retried waits for the end of that, and is not forgotten.",
        "chassis/held_events.py",
        "order by k.key for update of k",
        "order by k.key",
        f"{PROMISES}::test_what_comes_while_its_key_is_retried_waits_for_the_end_of_that",
    ),
    Mutant(
        "what was undone is said all the same",
        "An event that fails in save says nothing, and the others of its batch say theirs once.",
        "chassis/unit_of_work.py",
        "            del self._published[said:]\n",
        "            pass\n",
        f"{CONSUMER}::test_what_save_refuses_is_found_among_many_and_held_alone",
    ),
]

OUTBOX = [
    Mutant(
        "no epoch in the relay's delete",
        "A relay whose lease ended removes nothing, not even when it has the lease anew.",
        "chassis/relay.py",
        "l.epoch = $3",
        "$3::bigint > 0",
        f"{PROMISES}::test_a_relay_that_has_its_lease_anew_removes_nothing_for_the_old_one",
    ),
    Mutant(
        "reading ahead past what was committed late",
        "What is said of an aggregate arrives in the order in which it happened.",
        "chassis/relay.py",
        "from outbox where id <= $2 except",
        "from outbox where id <= $2 and id < 0 except",
        f"{RELAY}::test_a_row_that_is_committed_late_goes_before_what_its_aggregate_says_afterwards",
    ),
    Mutant(
        "what is acknowledged in part is not kept",
        "A slow broker makes sending slow, and does not make it begin again for ever.",
        "chassis/relay.py",
        "await self._end_of_removal()  # so that it goes on, however slow Kafka is",
        "pass",
        f"{RELAY}::test_what_is_acknowledged_in_part_leaves_the_outbox_although_the_rest_failed",
    ),
    Mutant(
        "woken without the lease",
        "A replica that may not send asks for the lease once a second.",
        "chassis/relay.py",
        "wakes=lease is not None",
        "wakes=True",
        f"{RELAY}::test_a_relay_without_the_lease_asks_for_it_no_more_often_when_something_is_said",
    ),
    Mutant(
        "removed before it is acknowledged",
        "A row leaves the outbox only when Kafka has its event.",
        "chassis/relay.py",
        "acknowledged = sent.acknowledged()",
        "acknowledged = len(sent.rows)",
        f"{PROMISES}::test_what_kafka_did_not_acknowledge_stays_in_the_outbox",
    ),
    Mutant(
        "no lease",
        "Of several replicas one sends.",
        "chassis/lease.py",
        "and (owner = $1 or until < clock_timestamp())",
        "and true",
        f"{RELAY}::test_only_one_of_two_replicas_sends_and_the_other_takes_over",
    ),
    Mutant(
        "outbox written outside the transaction",
        "An effect and what is said of it are there both or neither.",
        "chassis/db.py",
        "                await uow.flush()\n"
        '                await reached("unit_of_work.before_commit")\n'
        '            await reached("unit_of_work.after_commit")\n',
        '                await reached("unit_of_work.before_commit")\n'
        '            await reached("unit_of_work.after_commit")\n'
        "            await uow.flush()\n",
        f"{PROMISES}::test_an_effect_and_what_is_said_of_it_are_there_both_or_neither[after_commit-1]",
    ),
    Mutant(
        "idempotency key not stored",
        "A request sent again with its key does nothing twice.",
        "chassis/commands.py",
        "await remember(uow, idempotency, given.status, given.body)",
        "pass",
        "tests/integration/chassis/test_http.py"
        "::test_the_same_idempotency_key_does_it_once_and_another_content_is_refused",
    ),
]

SERVICES = [
    Mutant(
        "activation without a lock",
        "Of two at the arrow exactly one wins, and the other learns who.",
        "services/activation/store/columns.py",
        "order by client_id for update",
        "order by client_id",
        "tests/integration/activation/test_activation_service.py"
        "::test_of_two_at_the_arrow_exactly_one_wins_and_the_other_learns_who",
    ),
    Mutant(
        "no FOR UPDATE on the aggregate",
        "Simultaneous changes of one aggregate take one version each.",
        "services/onboarding/store/agencies.py",
        "order by agency for update",
        "order by agency",
        "tests/integration/onboarding/test_agencies_http.py::test_simultaneous_puts_take_one_version_each",
    ),
    Mutant(
        "no agency check at the arrow",
        "Another agency's client is not found.",
        "services/activation/domain/arrow.py",
        "if state is None or state.agency != command.agency or command.client not in (None, str(state.client_id)):",
        "if state is None:",
        "tests/unit/activation/test_activation_arrow.py::test_whoever_may_not_activate_is_refused[another agency]",
    ),
    Mutant(
        "no agency check in the list",
        "An agency sees its own activations alone.",
        "services/activation/store/lists.py",
        "where agency = $1 and status = wanted.status",
        "where $1 <> '' and status = wanted.status",
        "tests/integration/activation/test_activation_list.py::test_another_agency_sees_nothing_of_it",
    ),
    Mutant(
        "transmitting not committed before the content",
        "A mail whose content may be out is unknown, and never sent again by itself.",
        "services/notifier/delivery.py",
        "            if not await self._commits.goes_out(mail, content):\n                raise GoesNotOut\n",
        "            await self._commits.finish()\n",
        f"{DELIVERY}::test_a_connection_lost_after_the_content_is_unknown_and_never_sent_again",
    ),
    Mutant(
        "the sweep resends what is unknown",
        "A worker that died with the content out leaves a mail that nobody sends again.",
        "services/notifier/domain/mail.py",
        'if mail.state == "sending":',
        "if mail.state in LEASED:",
        f"{DELIVERY}::test_a_worker_that_died_with_the_content_out_leaves_the_mail_unknown",
    ),
    Mutant(
        "a mail that waits counts as known",
        "What was sent after a backup is not sent again from it.",
        "services/notifier/store/recalled.py",
        ' and state = any($2)""",\n        keys,\n        FINAL,',
        ' and state <> all($2)""",\n        keys,\n        (),',
        f"{RECALLING}::test_what_was_sent_after_the_backup_is_not_sent_again[pending]",
    ),
    Mutant(
        "mails go out before the topic was read",
        "On a new database no mail goes out before the notifier has read what was sent before.",
        "services/notifier/store/gate.py",
        "where coalesce(o.next_offset, 0) < said.ends)",
        "where coalesce(o.next_offset, 0) < 0)",
        "tests/integration/notifier/test_new_database.py"
        "::test_the_gate_of_a_new_database_opens_where_all_was_read_and_nothing_left_out[not begun]",
    ),
]

MUTANTS = [*EXACTLY_ONCE, *HELD_EVENTS, *OUTBOX, *SERVICES]
