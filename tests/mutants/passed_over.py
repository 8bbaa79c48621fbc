"""Owns the mutants of fields that nobody reads, of which each sender is warned, and of a request that comes again."""

from tests.mutants.mutant import Mutant

UNKNOWN = "tests/integration/onboarding/test_unknown_fields.py"
INTAKE = "tests/integration/onboarding/test_intake.py"
WARNED = "A field that we do not know is never dropped in silence, by whichever way it came."

PASSED_OVER = [
    Mutant(
        "a person who is refused is not warned",
        WARNED,
        "services/onboarding/domain/rule_book.py",
        'unknown_of_a_person(request) if channel == "http" else ()',
        "()",
        f"{UNKNOWN}::test_a_person_who_creates_a_client_is_warned_refused_or_not",
    ),
    Mutant(
        "a draft does not warn of what it keeps",
        WARNED,
        "services/onboarding/drafting.py",
        "unknown_of_a_person({**(sent or {}), **request_of(draft.content)})",
        "unknown_of_a_person(sent or {})",
        f"{UNKNOWN}::test_a_draft_warns_of_what_it_keeps_and_of_what_was_just_sent",
    ),
    Mutant(
        "a file's columns are dropped in silence",
        WARNED,
        "services/onboarding/importing.py",
        "for place in row.unknown)",
        "for place in row.unknown[:0])",
        f"{UNKNOWN}::test_a_row_of_a_file_is_warned_of_its_columns",
    ),
    Mutant(
        "a source is not warned",
        WARNED,
        "services/onboarding/domain/intake.py",
        "warnings=unknown_fields(dict(event.data), type(event.data).shape)",
        "warnings=()",
        f"{UNKNOWN}::test_a_source_is_warned_with_its_answer_and_each_time_again",
    ),
    Mutant(
        "a source is warned once",
        "An answer is the same each time that it is given.",
        "services/onboarding/store/requests.py",
        "orjson.dumps(_errors(request.warnings)).decode(),\n    )\n\n\ndef _request(",
        '"[]",\n    )\n\n\ndef _request(',
        f"{UNKNOWN}::test_a_source_is_warned_with_its_answer_and_each_time_again",
    ),
    Mutant(
        "who keeps the directory is not warned",
        WARNED,
        "services/onboarding/domain/agency.py",
        "raise ContentInvalid(found.errors, beyond(command.content, AGENCY_FIELDS))",
        "raise ContentInvalid(found.errors)",
        f"{UNKNOWN}::test_who_keeps_the_directory_is_warned_refused_or_not[byra-ett-body1-422]",
    ),
    Mutant(
        "a field that is null is no field",
        WARNED,
        "services/onboarding/web/sources.py",
        "if value is not None or name in unknown}",
        "if value is not None}",
        f"{UNKNOWN}::test_who_sets_up_a_source_is_warned_refused_or_not",
    ),
    Mutant(
        "who asks is not warned",
        WARNED,
        "services/onboarding/web/questions.py",
        "_shown(asked) | warnings(passed_over)",
        "_shown(asked) | warnings(passed_over[:0])",
        f"{UNKNOWN}::test_who_asks_for_something_is_warned_refused_or_not_and_each_time_again[cancel-body0]",
    ),
    Mutant(
        "an unknown field makes another content",
        "A field that is not known makes no other content of a request.",
        "services/onboarding/handlers.py",
        "data = {name: getattr(event.data, name) for name in type(event.data).model_fields}",
        "data = dict(event.data)",
        f"{UNKNOWN}::test_a_field_that_is_not_known_makes_no_other_content_of_a_request",
    ),
    Mutant(
        "another content under a known id",
        "An id stands for one content: with another it is refused, and nothing is done.",
        "services/onboarding/domain/intake.py",
        "if state.request is not None and state.request.digest != state.digest:",
        'if state.request is not None and state.request.digest == b"":',
        f"{INTAKE}::test_the_same_id_with_other_content_is_refused_even_in_one_batch",
    ),
    Mutant(
        "a refusal for the time being is for good",
        "A request whose agency is not registered yet is decided again once it is.",
        "services/onboarding/domain/intake.py",
        "if earlier is not None and earlier.final:",
        "if earlier is not None:",
        f"{INTAKE}::test_an_unknown_agency_is_tried_again_once_it_is_registered",
    ),
    Mutant(
        "an answered request is done again",
        "A replay of all requests changes nothing and repeats the answers.",
        "services/onboarding/domain/intake.py",
        "if earlier is not None and earlier.final:",
        "if earlier is not None and earlier.final and earlier.client_id is None:",
        f"{INTAKE}::test_replaying_everything_changes_nothing_and_repeats_the_answers",
    ),
]
