"""The error texts: every code is explained in both languages, says what to do, and renders whatever the facts."""

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from uuid import UUID

import pytest

import schemas
from schemas.errors import ERRORS, ErrorText, Pointed, problem

ROOT = Path(schemas.__file__).parent.parent
SERVICES = {"onboarding", "activation", "notifier", "console", "insights", "chassis"}
RULE_BOOK = """
    required invalid_choice invalid_postal_code identity_required identity_conflict responsible_person_required
    identity_is_personal personal_number_not_allowed form_mismatch licences_required invalid_count unknown_program
    licences_not_allowed
    invalid_email licences_in_use invalid_org_number invalid_personal_number invalid_check_digit
    identity_date_in_future identity_must_be_encrypted identity_undecryptable duplicate_client
    client_exists_elsewhere possible_duplicate event_id_reused already_onboarded unknown_client already_activated
    activation_not_allowed kyc_required client_cancelled invalid_transition user_admin_required
    system_admin_required program_admin_required agency_admin_required operator_required no_licence_available
    program_not_ordered licence_required level_not_allowed level_exceeds_licence parent_permission_required
    unknown_part over_assigned program_retired last_system_administrator permanent_admin_required
    if_match_required stale_version resend_limit client_active unauthenticated token_invalid not_allowed not_found
    idempotency_key_in_use idempotency_key_reused payload_too_large malformed_json malformed_event
    unknown_event_type unsupported_version wrong_source wrong_agency unknown_agency too_deep invalid_value
    name_too_long service_unavailable internal_error method_not_allowed rate_limited undecodable version_gap
    version_conflict decide_failed save_failed follows_held
"""
HTTP_STATUSES = {400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 422, 428, 429, 500, 503}
STATUSES = {
    "unauthenticated": 401, "activation_not_allowed": 403, "not_found": 404, "already_activated": 409,
    "idempotency_key_in_use": 409, "stale_version": 412, "idempotency_key_reused": 422, "required": 422,
    "if_match_required": 428, "resend_limit": 429,
}  # fmt: skip


def text_problems(text: ErrorText) -> list[str]:
    """What is wrong with a code's text."""
    details = (text.detail_sv, text.detail_en)
    placeholders = [sorted(name for _, name, _, _ in Formatter().parse(each) if name) for each in details]
    found = {
        "a text is empty": not all(each.strip() for each in (*details, text.title, text.title_sv)),
        "both languages have the same text": text.detail_sv == text.detail_en,
        "the placeholders differ": placeholders[0] != placeholders[1],
        "it does not say what to do": any(
            each.count(". ") + each.count(": ") + each.count("; ") < 1 for each in details
        ),
        "a detail is no sentence": not all(each[:1].isupper() and each.endswith(".") for each in details),
        "no such status": text.status not in HTTP_STATUSES,
        "nobody says it": not text.owners or not set(text.owners) <= SERVICES,
    }
    return [f"{text.code}: {what}" for what, wrong in found.items() if wrong]


@pytest.mark.parametrize("text", ERRORS.values(), ids=lambda text: text.code)
def test_every_code_is_explained_in_both_languages(text: ErrorText) -> None:
    assert text_problems(text) == []


@pytest.mark.parametrize("code", RULE_BOOK.split())
def test_every_code_of_the_rule_book_has_its_text(code: str) -> None:
    assert code in ERRORS


@pytest.mark.parametrize(("code", "status"), STATUSES.items())
def test_a_code_has_the_status_that_clients_rely_on(code: str, status: int) -> None:
    assert ERRORS[code].status == status


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"detail_sv": ""}, "a text is empty"),
        ({"detail_sv": "Same. Text.", "detail_en": "Same. Text."}, "both languages have the same text"),
        ({"detail_sv": "Det finns {purchased}. Beställ."}, "the placeholders differ"),
        ({"detail_en": "It failed."}, "it does not say what to do"),
        ({"detail_en": "it failed. do something"}, "a detail is no sentence"),
        ({"status": 418}, "no such status"),
        ({"owners": ()}, "nobody says it"),
    ],
)
def test_a_planted_poor_text_is_reported(change: dict[str, object], what: str) -> None:
    assert f"required: {what}" in text_problems(replace(ERRORS["required"], **change))  # type: ignore[arg-type]


def test_a_problem_has_both_texts_with_its_facts_and_pointers() -> None:
    at = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
    body = problem(
        "no_licence_available",
        [Pointed("/changes/0", "no_licence_available")],
        purchased=2,
        assigned=2,
        reserved=0,
        at=at,
    )
    assert body["status"] == 409
    assert body["title"] == "No licence is free"
    assert body["detail_en"].startswith("Licences: 2 bought, 2 in use, 0 reserved.")
    assert body["detail_sv"].startswith("Licenser: 2 köpta, 2 använda, 0 reserverade.")
    (error,) = body["errors"]
    assert (error["pointer"], error["code"]) == ("/changes/0", "no_licence_available")
    assert error["detail_sv"] == body["detail_sv"]
    assert body["at"] == "2026-03-02T09:14:00Z"


@pytest.mark.parametrize("code", ERRORS)
def test_a_problem_renders_without_any_fact(code: str) -> None:
    assert "{" not in json.dumps(problem(code)["detail_sv"] + problem(code)["detail_en"])


def test_a_fact_never_replaces_a_member_and_is_always_json() -> None:
    body = problem("not_found", status=200, client=UUID(int=1), strange=object(), nothing=None)
    assert body["status"] == 404
    assert json.loads(json.dumps(body))["client"] == str(UUID(int=1))


def test_a_code_without_text_is_still_told() -> None:
    body = problem("brand_new")
    assert (body["code"], body["status"]) == ("brand_new", 500)


def test_every_refusal_in_the_code_has_its_text() -> None:
    missing = {code for code in _refusal_codes() if code not in ERRORS}
    assert missing == set()


def _refusal_codes() -> Iterator[str]:
    """The codes of all subclasses of Refused, direct or not, that the source has."""
    refusals = {"Refused"}
    classes = [
        each
        for folder in ("chassis", "services", "aktivera")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(each, ast.ClassDef)
    ]
    while True:
        found = [each for each in classes if refusals & {_last_name(base) for base in each.bases}]
        if {each.name for each in found} <= refusals:
            break
        refusals |= {each.name for each in found}
    for each in found:
        for statement in each.body:
            value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
            if isinstance(value, ast.Constant) and _targets(statement) == ["code"]:
                yield str(value.value)


def _last_name(base: ast.expr) -> str:
    return ast.unparse(base).split("[")[0].split(".")[-1]


def _targets(statement: ast.stmt) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [each.id for each in targets if isinstance(each, ast.Name)]
