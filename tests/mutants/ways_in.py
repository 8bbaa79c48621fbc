"""Owns the mutants of the ways in by which people send clients: the guide, files, and what they are told of others."""

from tests.mutants.mutant import Mutant

ONBOARDING = "tests/integration/onboarding"
DRAFTS = f"{ONBOARDING}/test_drafts_http.py"
IMPORTS = f"{ONBOARDING}/test_imports_http.py"
PROMISES = f"{ONBOARDING}/test_import_promises.py"
LOOK_UPS = f"{ONBOARDING}/test_look_ups.py"
SEEING = "tests/integration/onboarding/test_seeing.py"
TURNS = f"{ONBOARDING}/test_taking_turns.py"

WAYS_IN = [
    Mutant(
        "a draft does not ask what was seen",
        "Two tabs do not overwrite each other unseen.",
        "services/onboarding/domain/drafts.py",
        "    if seen is not None and seen != draft.version:\n",
        "    if seen == 0:\n",
        f"{DRAFTS}::test_two_tabs_do_not_overwrite_each_other",
    ),
    Mutant(
        "no FOR UPDATE on drafts",
        "Of several puts at once one is stored, and the others are told.",
        "services/onboarding/store/drafts.py",
        '_LOAD + " for update"',
        "_LOAD",
        f"{DRAFTS}::test_of_two_puts_at_once_one_is_stored",
    ),
    Mutant(
        "a submitted draft is submitted again",
        "Submitting twice answers the same client.",
        "services/onboarding/drafting.py",
        "    if draft.client_id is not None:\n        return None, draft.client_id\n",
        "",
        f"{DRAFTS}::test_submitting_twice_answers_the_same_client",
    ),
    Mutant(
        "a mask is stored in the number's place",
        "A mask that comes back keeps the number.",
        "services/onboarding/domain/draft_content.py",
        "    return before if masked else sent",
        "    return sent",
        f"{DRAFTS}::test_a_number_that_was_masked_on_the_way_is_the_clients",
    ),
    Mutant(
        "a lost race ends the batch",
        "A client that somebody creates meanwhile loses no other row of a file.",
        "services/onboarding/importing.py",
        "    for attempt in range(1, TRIES + 1):",
        "    for attempt in (TRIES,):",
        f"{PROMISES}::test_a_client_that_somebody_creates_meanwhile_loses_no_other_row",
    ),
    Mutant(
        "a file is taken in twice",
        "Of one file sent twice at once one import comes about.",
        "services/onboarding/importing.py",
        "    await imports.alone(uow, agency)\n",
        "",
        f"{PROMISES}::test_of_one_file_sent_twice_at_once_one_import_comes_about",
    ),
    Mutant(
        "doubles are looked for among clients alone",
        "Doubles within a file are found in a dry run too, whatever batch they are in.",
        "services/onboarding/store/imports.py",
        "    found: dict[bytes, Earlier] = {}\n",
        "    found: dict[bytes, Earlier] = {}\n    return found\n",
        f"{IMPORTS}::test_doubles_are_found_across_batches",
    ),
    Mutant(
        "a dry run counts what it finds alone",
        "Who tries numbers out learns nothing more, found or not.",
        "services/onboarding/importing.py",
        "        if is_elsewhere or (file.dry_run and client is not None):",
        "        if is_elsewhere:",
        f"{LOOK_UPS}::test_a_dry_run_tells_of_no_more_whether_found_or_not",
    ),
    Mutant(
        "an import that fails stops all",
        "One file that cannot be opened holds up nobody else's.",
        "services/onboarding/importing.py",
        "**shown)\n        return 1",
        "**shown)\n        return 0",
        f"{TURNS}::test_an_import_that_cannot_be_opened_holds_up_nobody_elses_and_is_tried_again[its key]",
    ),
    Mutant(
        "the oldest file first",
        "A small file does not wait for the whole of a large one.",
        "services/onboarding/store/imports.py",
        "order by worked_at, import_id",
        "order by import_id",
        f"{TURNS}::test_a_small_file_does_not_wait_for_the_whole_of_a_large_one",
    ),
    Mutant(
        "whom a submission is about is not told",
        "Submitting is counted with all other ways of trying numbers out.",
        "services/onboarding/web/drafts.py",
        "    async with look_ups.limited(store, who.agency, who.sub, asked):\n",
        "    if True:\n",
        f"{LOOK_UPS}::test_a_submission_that_is_refused_is_counted_as_a_creation_is",
    ),
    Mutant(
        "who asks at once is counted once",
        "Bounds hold for what is asked at once, too.",
        "services/onboarding/store/look_ups.py",
        "select pg_advisory_xact_lock(hashtextextended('look-up:' || $1 || '/' || $2, 7))",
        "select $1::text || $2::text",
        f"{LOOK_UPS}::test_of_two_numbers_asked_for_at_once_both_are_counted",
    ),
    Mutant(
        "whoever knows an id sees the client",
        "In an agency where each sees their own, another's client is as one that there is not.",
        "services/onboarding/web/seeing.py",
        "        raise NotFound\n",
        "        return\n",
        f"{SEEING}::test_who_made_it_and_who_runs_the_agency_see_it_and_no_other_does",
    ),
]
