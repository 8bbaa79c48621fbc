"""Mutants of what sources may do and wait for, of test sources' mails, and of consultants who are removed."""

from tests.mutants.mutant import Mutant

_SOURCES = "tests/integration/onboarding/test_sources.py"
_WAITING = "tests/integration/onboarding/test_waiting_requests.py"
_DIRECTORY = "tests/integration/onboarding/test_directory_http.py"
_REMOVAL = "tests/unit/onboarding/test_removal.py"
_MAILS = "tests/integration/notifier/test_mails_of_tests.py"
_ANSWERED = "tests/integration/onboarding/test_answered_requests.py"

SENDERS = [
    Mutant(
        "a-day-far-ahead-is-forgotten",
        "a source hears of a change of licences on the day, however far ahead it lies",
        "services/onboarding/store/requests.py",
        "where received_at < $1 and (effective_at is null or effective_at < $1) limit $2",
        "where received_at < $1 limit $2",
        f"{_ANSWERED}::test_a_change_on_a_day_far_ahead_still_finds_who_asked_for_it",
    ),
    Mutant(
        "an-answer-of-activation-is-not-kept",
        "what activation answered to a request is shown with it",
        "services/onboarding/domain/progress.py",
        "    return replace(state, outcomes=(*state.outcomes, (command_id, outcome)))",
        "    return state",
        f"{_ANSWERED}::test_what_activation_answered_to_a_request_is_shown_with_it",
    ),
    Mutant(
        "parting-ends-with-a-snapshot",
        "a client that is about to part stays so when its activation is announced again",
        "services/onboarding/domain/progress.py",
        '    return "disconnecting" if status == "active" and data.disconnection is not None else status',
        "    return status",
        "tests/unit/onboarding/test_progress.py::test_a_client_that_is_about_to_part_is_still_so_after_a_snapshot",
    ),
    Mutant(
        "a-source-may-all",
        "a source asks for what it may ask for",
        "services/onboarding/domain/intake.py",
        "    if kind not in state.sender.may:",
        "    if kind == '':",
        f"{_SOURCES}::test_what_a_source_may_not_send_is_refused_with_a_code_of_its_own",
    ),
    Mutant(
        "offsets-of-a-removed-source-stay",
        "a source that is added anew is read from the beginning of its topic",
        "services/onboarding/web/sources.py",
        "            await sources.begin_anew(uow, opened.common.topic_prefix + topics_of(command.slug)[0])",
        "            pass",
        f"{_SOURCES}::test_a_removed_source_is_told_nothing_more_and_can_be_added_anew_on_new_topics",
    ),
    Mutant(
        "a-paused-source-is-read",
        "a paused source is not read",
        "chassis/readers.py",
        "if not each.paused}",
        "if each}",
        f"{_SOURCES}::test_a_paused_source_waits_in_its_topic_and_goes_on_where_it_was",
    ),
    Mutant(
        "a-source-without-topics",
        "no source is registered whose topics are not there",
        "services/onboarding/web/sources.py",
        "        if isinstance(command, AddSource) and after != before:",
        "        if command.slug == '':",
        f"{_SOURCES}::test_a_source_without_its_topics_is_not_added_since_answers_to_it_would_stop_all",
    ),
    Mutant(
        "nobody-waits-for-a-client",
        "a request about a client that is not there yet waits for it",
        "chassis/fold.py",
        "            if decision.waits is not None and not self.at_last:",
        "            if decision.waits is not None and decision.waits == '':",
        f"{_WAITING}::test_a_cancellation_that_comes_before_its_client_waits_for_it_and_is_then_accepted",
    ),
    Mutant(
        "told-at-each-late-try",
        "a sender is told once that its client never came",
        "chassis/retrier.py",
        'row["attempts"] + 1 == held_events.WAIT_TRIES',
        'row["attempts"] + 1 >= held_events.WAIT_TRIES',
        f"{_WAITING}::test_a_request_whose_client_never_comes_is_told_once_and_stays_as_a_dead_letter",
    ),
    Mutant(
        "a-test-mail-for-the-world",
        "a test client's mail never reaches the mail server for the world",
        "services/notifier/delivery.py",
        "            True: Lane(True, settings.for_tests, settings.mail_workers),",
        "            True: Lane(True, settings.for_tests or settings, settings.mail_workers),",
        f"{_MAILS}::test_without_a_server_for_tests_the_mail_is_kept_and_shown_as_withheld",
    ),
    Mutant(
        "removed-at-once",
        "a consultant is gone only after activation has released them",
        "services/onboarding/domain/removal.py",
        "    stay = {sub: each for sub, each in state.consultants.items() if sub != removal.sub}",
        "    stay = dict(state.consultants)",
        f"{_DIRECTORY}::test_a_consultant_is_gone_only_after_activation_has_released_them",
    ),
    Mutant(
        "two-wishes-at-once",
        "one wish to remove a consultant is open at a time",
        "services/onboarding/domain/removal.py",
        "    if removal is not None and now - removal.requested_at < ASK_AGAIN:",
        "    if removal is not None and now < removal.requested_at:",
        f"{_REMOVAL}::test_one_wish_is_open_at_a_time_and_after_a_refusal_another_may_be",
    ),
    Mutant(
        "who-leaves-is-given-more",
        "a consultant who is about to be removed is given nothing new",
        "services/onboarding/domain/agency.py",
        "    if leaving is not None:",
        "    if leaving is not None and leaving.sub == '':",
        f"{_REMOVAL}::test_who_is_about_to_go_is_given_nothing_new",
    ),
    Mutant(
        "a-stranger-answers-for-a-client",
        "who answers for a client is a consultant of the agency",
        "services/onboarding/domain/creation.py",
        "    if found := strangers(neighbours):",
        "    if found := strangers(replace(neighbours, no_such_consultant=False)):",
        "tests/integration/onboarding/test_directory_http.py::test_who_answers_for_a_new_client_is_a_consultant_who_stays",
    ),
]
