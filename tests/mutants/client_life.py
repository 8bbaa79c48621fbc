"""Owns the mutants of onboarding: what people change of a client, ask about it, and how it follows activation."""

from tests.mutants.mutant import Mutant

CHANGING = "tests/integration/onboarding/test_changing_http.py"
IDENTIFYING = "tests/integration/onboarding/test_identifying_http.py"
LIFE = "tests/unit/onboarding/test_life_cycle.py"
ON_FILE = "services/onboarding/store/on_file.py"

CLIENT_LIFE = [
    Mutant(
        "an older edition counts as seen",
        "Who has not seen what others changed does not overwrite it.",
        "services/onboarding/domain/changing.py",
        "if seen != state.client.edition:",
        "if seen > state.client.edition:",
        f"{CHANGING}::test_a_stale_change_is_refused_with_what_the_others_changed",
    ),
    Mutant(
        "no name key after a change of name",
        "Two associations renamed alike at once are decided by the index.",
        ON_FILE,
        "        name_key(after.name),\n",
        '        f"{name_key(after.name)} {after.client_id}",\n',
        f"{CHANGING}::test_two_associations_renamed_alike_at_once_are_decided_by_the_index",
    ),
    Mutant(
        "the consultant whom activation names is not kept",
        "A change of something else does not bring the former consultant back.",
        "services/onboarding/domain/progress.py",
        "responsible_consultant=event.data.responsible_consultant",
        "responsible_consultant=_known(state).responsible_consultant",
        f"{CHANGING}::test_the_consultant_whom_activation_names_is_not_undone_by_another_change",
    ),
    Mutant(
        "any update names the consultant",
        "Activation takes a consultant only from an update that was made to name one.",
        "services/activation/domain/listing.py",
        'or "responsible_consultant" not in (client.changed or ())',
        'or "responsible_consultant" in ()',
        "tests/unit/activation/test_activation_listing.py"
        "::test_an_update_of_something_else_leaves_the_consultant_whom_we_know[changed2]",
    ),
    Mutant(
        "a later answer replaces the first",
        "An answer to a question stays.",
        "services/onboarding/domain/progress.py",
        "return question if question is not None and question.open else None",
        "return question",
        "tests/unit/onboarding/test_asking.py"
        "::test_refused_licences_keep_code_places_and_numbers_and_the_first_answer_counts",
    ),
    Mutant(
        "people ask for licences of clients that others administrate",
        "What somebody may not do at activation they cannot do through onboarding.",
        "services/activation/domain/asked_licences.py",
        "    if draft.activation.activated_at is None:\n        return\n",
        "    if draft.before is not None:\n        return\n",
        "tests/integration/activation/test_licences_asked.py"
        "::test_a_person_asks_through_onboarding_for_what_they_could_do_here_and_for_no_more",
    ),
    Mutant(
        "the old number stays in the vault",
        "A personal number that is a client's no more is destroyed.",
        "services/onboarding/identities.py",
        "    await safe.destroy(uow, [client_id])\n",
        "    await safe.destroy(uow, [])\n",
        f"{IDENTIFYING}::test_an_association_gets_its_number_and_the_persons_is_destroyed",
    ),
    Mutant(
        "a new number is not looked for",
        "A number that somebody has is refused as at the creation.",
        "services/onboarding/domain/identifying.py",
        "found = [] if same_number else clashes(",
        "found = [] if others is not None else clashes(",
        "tests/unit/onboarding/test_identifying.py"
        "::test_a_number_that_somebody_has_is_refused_as_at_the_creation[byra-tva-ClientExistsElsewhere]",
    ),
    Mutant(
        "an unanswered question is asked beside",
        "One question of a kind waits at a time.",
        "services/onboarding/domain/asking.py",
        'if earlier.kind == kind and earlier.state == "pending":',
        'if earlier.kind == kind and earlier.state == "done":',
        f"{LIFE}::TestLife::runTest",
    ),
    Mutant(
        "a mail that waits keeps its old address",
        "A confirmation that waits goes to the address that the client has now.",
        "services/notifier/store/deliveries.py",
        "recipient = case when r.readdressed then r.confirmation_email else e.recipient end,",
        "recipient = e.recipient,",
        "tests/integration/notifier/test_renewal.py"
        "::test_a_mail_that_waits_goes_to_the_new_address_under_the_new_name[the change]",
    ),
    Mutant(
        "numbers are tried out by one client",
        "Whoever tries out numbers by changing one client's gets no further than by creating.",
        "services/onboarding/web/changes.py",
        "        await look_ups.must_be_told(uow, who.agency, who.sub, wanted)\n",
        "        await look_ups.exhausted(uow, who.agency, who.sub)\n",
        f"{IDENTIFYING}::test_whoever_tries_out_numbers_by_one_client_gets_no_further_than_by_creating",
    ),
]
