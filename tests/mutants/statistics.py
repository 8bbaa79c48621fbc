"""Owns the mutants of the statistics: each event once, in its own window, and each agency's for itself."""

from tests.mutants.mutant import Mutant

WINDOWS = "services/insights/domain/windows.py"
UNIT = "tests/unit/insights/test_windows.py"
ASKING = "tests/integration/insights/test_asking.py"

STATISTICS = [
    Mutant(
        "a repeated event counts",
        "An event counts once, however often it comes.",
        WINDOWS,
        "if at < len(self.digests) and self.digests[at] == digest:",
        "if False:",
        f"{UNIT}::test_an_event_that_comes_again_is_counted_once",
    ),
    Mutant(
        "windows go by arrival",
        "An event counts in the window of its own time.",
        WINDOWS,
        "minute, hour = int(second // MINUTE), int(second // HOUR)",
        "minute, hour = int(present // MINUTE), int(present // HOUR)",
        f"{UNIT}::test_a_late_event_is_counted_in_the_window_of_its_own_time",
    ),
    Mutant(
        "a clock ahead counts",
        "An event of a wrong clock is left out.",
        WINDOWS,
        "if second > present + AHEAD_SECONDS:",
        "if False:",
        f"{UNIT}::test_an_event_of_a_wrong_clock_is_left_out_and_nothing_else_changes[by0-ahead]",
    ),
    Mutant(
        "windows stay",
        "Windows that are over go.",
        WINDOWS,
        "for hour in [each for each in self._hours if each < first]:",
        "for hour in [each for each in self._hours if each < 0]:",
        f"{UNIT}::test_windows_that_are_over_go_whole_hour_by_whole_hour",
    ),
    Mutant(
        "a source's word counts against an agency",
        "A refusal names an agency only where its source may send to it.",
        "services/onboarding/domain/intake.py",
        "return answer(request if known or request.refusal is None else replace(request, agency=None))",
        "return answer(request)",
        "tests/unit/onboarding/test_agencies_named_in_refusals.py"
        "::test_a_refusal_names_an_agency_only_where_its_source_may_send_to_it[change2-None]",
    ),
    Mutant(
        "series stay",
        "What is over leaves its place to what comes.",
        WINDOWS,
        "self._unused.append(self._numbers.pop(series))",
        "self._numbers.pop(series)",
        f"{UNIT}::test_ever_new_agencies_fill_no_memory_once_their_windows_are_over",
    ),
    Mutant(
        "another agency is shown",
        "Staff see their own agency's statistics alone.",
        "services/insights/web/shown.py",
        "if agency not in {None, who.agency}:",
        "if False:",
        f"{ASKING}::test_what_may_not_be_seen_or_makes_no_sense_is_refused"
        "[byra-ett-client_manager-/v1/statistics?agency=byra-tva-403-not_allowed]",
    ),
    Mutant(
        "a client's user sees statistics",
        "A client's own user sees no statistics.",
        "services/insights/web/shown.py",
        'if who.client is None and "operator" in who.roles:',
        'if "operator" in who.roles:',
        f"{ASKING}::test_a_client_s_own_user_sees_no_statistics_whatever_role_the_token_says",
    ),
    Mutant(
        "answers wait for nobody",
        "What one caller asks for costs the counting a share of the time and no more.",
        "services/insights/pacing.py",
        "(len(self._due) + 1) / SHARE",
        "0",
        f"{ASKING}::test_what_one_caller_asks_for_costs_the_counting_a_share_of_the_time_and_no_more",
    ),
    Mutant(
        "each look puts off the one before",
        "What is shown is of the last look of which all is counted.",
        "services/insights/counting.py",
        "if self.as_of is not None and self._looked is None:",
        "if self.as_of is not None:",
        "tests/unit/insights/test_counting.py::test_what_is_shown_is_of_the_last_look_of_which_all_is_counted",
    ),
    Mutant(
        "namesakes share a pace",
        "People of two agencies with one name have a pace each.",
        "services/insights/web/stream.py",
        "_events(kept, (who.agency, who.sub), window, agency)",
        '_events(kept, ("", who.sub), window, agency)',
        "tests/integration/insights/test_streams.py::test_people_of_two_agencies_with_one_name_have_a_pace_each",
    ),
    Mutant(
        "minutes of any period are told",
        "One answer shows so many minutes and no more.",
        "services/insights/web/statistics.py",
        'if window == "minute" and until - since > DAY:',
        "if False:",
        f"{ASKING}::test_a_period_that_is_none_is_refused_with_the_place_and_why"
        "[from=0001-01-01T00:00:00Z&window=minute-/from-period_too_long]",
    ),
]
