"""Owns the mutants of the vault, of erasure and of records, and of who holds a client while they decide about it."""

from tests.mutants.mutant import Mutant

ERASURE = "tests/integration/onboarding/test_erasure.py"
ROTATION = "tests/integration/onboarding/test_rotation.py"
TRIES = "tests/integration/onboarding/test_refused_tries.py"
LOCKS = "tests/integration/onboarding/test_row_locks.py::test_a_client_is_held_while_somebody_decides_about_it"
HISTORY = (
    "tests/integration/activation/test_saving.py"
    "::test_the_history_tells_what_was_done_and_what_was_refused_and_cannot_be_changed"
)

SEALED = [
    Mutant(
        "an erased client keeps its key",
        "Of an erased client nothing is left in any table.",
        "services/onboarding/erasing.py",
        "    await vault.opened().destroy(uow, [each.key for each in erased])\n",
        "    assert vault.opened()\n",
        f"{ERASURE}::test_nothing_of_an_erased_client_is_left_in_any_table",
    ),
    Mutant(
        "an erased client keeps its street",
        "Of an erased client nothing is left in any table.",
        "services/onboarding/store/erasure.py",
        "street = null, ",
        "",
        f"{ERASURE}::test_nothing_of_an_erased_client_is_left_in_any_table",
    ),
    Mutant(
        "what comes late is followed",
        "What activation says late brings neither names nor life back to an erased client.",
        "services/onboarding/domain/progress.py",
        'return Decision(state) if state is not None and state.status == "erased" else follow(state, event, now)',
        "return follow(state, event, now)",
        f"{ERASURE}::test_what_comes_late_brings_neither_names_nor_life_back",
    ),
    Mutant(
        "a client in use is erased",
        "Only a client that is cancelled or disconnected can be erased.",
        "services/onboarding/domain/erasing.py",
        'if "erased" not in MOVES[state.status]:',
        'if not MOVES["active"]:',
        f"{ERASURE}::test_a_client_in_use_is_not_erased[active]",
    ),
    Mutant(
        "a rotation leaves drafts out",
        "Whatever a master key wraps is wrapped anew, drafts too.",
        "services/onboarding/vault/rotation.py",
        'Wrapped("drafts", "draft_id"), ',
        "",
        f"{ROTATION}::test_a_draft_is_wrapped_anew_too_and_opens_afterwards",
    ),
    Mutant(
        "what is new is wrapped with an old key",
        "After a new master key, what is new is wrapped with it.",
        "services/onboarding/vault/master_keys.py",
        "        name, key = self._file.current()\n",
        "        name, key = list(self._file.all().items())[-1]\n",
        f"{ROTATION}::test_a_new_client_is_wrapped_with_the_current_key",
    ),
    Mutant(
        "a number may be copied from another request",
        "An encrypted number is bound to the very event.",
        "services/onboarding/domain/encrypted_number.py",
        'if (content.get("source"), content.get("id")) != (source, request_id):',
        'if not content.get("id"):',
        "tests/integration/onboarding/test_encrypted_numbers.py"
        "::test_a_number_that_was_copied_from_another_request_is_refused[other0]",
    ),
    Mutant(
        "no FOR UPDATE on clients that are asked about",
        "Who decides what may be asked about a client holds it until that is stored.",
        "services/onboarding/store/questions.py",
        "order by client_id for update",
        "order by client_id",
        f"{LOCKS}[asked_about]",
    ),
    Mutant(
        "no FOR UPDATE on clients on file",
        "Who decides on a change of a client holds it until that is stored.",
        "services/onboarding/store/on_file.py",
        "order by client_id for update",
        "order by client_id",
        f"{LOCKS}[changed]",
    ),
    Mutant(
        "a refused try leaves nothing",
        "What somebody tried to change and was refused stands on record.",
        "services/onboarding/web/refused_tries.py",
        "        if request.method not in READS:\n",
        "        if request.method in READS:\n",
        f"{TRIES}::test_a_client_of_others_that_somebody_tries_at_is_on_record_at_theirs",
    ),
    Mutant(
        "a flood of tries fills the record",
        "A flood of one person does not fill the record of refused tries.",
        "services/onboarding/store/refused_tries.py",
        "and at > $8) < $9",
        "and at > $8) < $9 + 1000",
        f"{TRIES}::test_a_flood_of_one_person_does_not_fill_the_record",
    ),
    Mutant(
        "an export of JSON lines is called CSV",
        "An export says what it is.",
        "services/activation/web/history.py",
        "        media_type=MEDIA[form],\n",
        '        media_type=MEDIA["csv"],\n',
        HISTORY,
    ),
]
