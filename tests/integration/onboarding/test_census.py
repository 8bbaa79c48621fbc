"""The census: every code that onboarding owns is provoked in every way that it can come about, with one place."""

from collections import defaultdict
from collections.abc import Mapping

import pytest

from tests.integration.onboarding import (  # noqa: F401  # they register their acts
    census_by_event,
    census_by_file,
    census_by_guide,
    census_of_agencies,
    census_of_personal_data,
    census_of_requests,
    census_of_sources,
    census_over_http,
)
from tests.integration.onboarding.census import CHANNELS, CONTENT, OWNED, SENDS, Channel
from tests.integration.onboarding.census_acts import ACTS
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import NOW

ABOUT_CLIENTS = """
    already_activated client_active client_cancelled client_disconnected client_erased consultant_has_clients
    effective_at_in_past identity_kind_fixed invalid_date invalid_transition licences_in_use not_changeable
    not_reassignable program_retired reason_required request_pending reveal_limit unknown_client unknown_consultant
"""
OF_SOURCES = """
    event_type_not_allowed source_differs source_is_first source_topics_missing too_many_sources unknown_source
"""
AT_THE_DOOR = """
    idempotency_key_in_use idempotency_key_required idempotency_key_reused invalid_cursor
    invalid_idempotency_key malformed_json operator_required payload_too_large service_unavailable
    unknown_parameter unsupported_media_type
"""

NOT_THERE: Mapping[Channel, Mapping[str, str]] = {
    "http": {
        "unknown_client": "there it is not_found, as another agency's",
        **dict.fromkeys(("wrong_source", "wrong_agency", "event_id_reused"), "a person is no source"),
        "event_type_not_allowed": "a person is no source",
        **dict.fromkeys(("malformed_event", "unknown_event_type", "unsupported_version"), "a body is no event"),
        "identity_must_be_encrypted": "TLS ends at the service, a topic is read by others",
        "identity_not_for_this_request": "nothing is encrypted there",
        "too_deep": "the rule book looks at no level that it does not know",
        **dict.fromkeys(("draft_expired", "draft_submitted", "too_many_drafts"), "the guide has drafts"),
        **dict.fromkeys(("file_changed", "invalid_csv"), "the file is a way of its own"),
    },
    "event": {
        **dict.fromkeys(("not_allowed", "not_found", "invalid_cursor", "unknown_parameter"), "nobody asks to see"),
        **dict.fromkeys(
            ("idempotency_key_required", "invalid_idempotency_key", "idempotency_key_in_use", "idempotency_key_reused"),
            "an event has its id",
        ),
        **dict.fromkeys(("service_unavailable", "rate_limited"), "an event waits"),
        **dict.fromkeys(("agency_admin_required", "operator_required"), "no person asks"),
        **dict.fromkeys(
            ("draft_expired", "draft_submitted", "too_many_drafts", "stale_version"), "a request has no draft of it"
        ),
        **dict.fromkeys(("unknown_version", "if_match_malformed"), "a request names no edition"),
        **dict.fromkeys(("file_changed", "invalid_csv"), "a request is no file"),
        **dict.fromkeys(("client_active", "reveal_limit", "consultant_has_clients"), "no request asks for it"),
        **dict.fromkeys(
            ("if_match_required", "not_changeable", "not_reassignable", "identity_kind_fixed"),
            "no request changes details",
        ),
        "request_pending": "what a source asks is answered in the order in which it asks",
        **dict.fromkeys(set(OF_SOURCES.split()) - {"event_type_not_allowed"}, "no source sets itself up"),
        "form_mismatch": "a warning, and a source has nobody to warn",
        "reason_required": "a reason is a field like others there: required",
    },
    "guide": {
        **dict.fromkeys(("wrong_source", "wrong_agency", "event_id_reused"), "a person is no source"),
        **dict.fromkeys(("malformed_event", "unknown_event_type", "unsupported_version"), "a body is no event"),
        **dict.fromkeys(("identity_must_be_encrypted", "identity_not_for_this_request"), "nothing is encrypted there"),
        **dict.fromkeys(("file_changed", "invalid_csv"), "a draft is no file"),
        **dict.fromkeys(ABOUT_CLIENTS.split(), "a draft is no client yet"),
        **dict.fromkeys(OF_SOURCES.split(), "a draft is no source"),
        **dict.fromkeys(AT_THE_DOOR.split(), "told at the door of HTTP, whatever is behind it"),
    },
    "file": {
        **dict.fromkeys(("wrong_source", "wrong_agency", "event_id_reused"), "a person is no source"),
        **dict.fromkeys(("malformed_event", "unknown_event_type", "unsupported_version"), "a row is no event"),
        **dict.fromkeys(("identity_must_be_encrypted", "identity_not_for_this_request"), "nothing is encrypted there"),
        **dict.fromkeys(("identity_conflict", "identity_undecryptable", "too_many_items"), "a file has no such column"),
        **dict.fromkeys(
            ("draft_expired", "draft_submitted", "too_many_drafts", "stale_version", "if_match_required"),
            "a file is no draft",
        ),
        **dict.fromkeys(("unknown_version", "if_match_malformed"), "a file names no edition"),
        "too_deep": "a row has no levels",
        **dict.fromkeys(ABOUT_CLIENTS.split(), "a row is no client yet"),
        **dict.fromkeys(OF_SOURCES.split(), "a file is no source"),
        **dict.fromkeys(
            set(AT_THE_DOOR.split()) - {"payload_too_large", "unsupported_media_type", "invalid_cursor"},
            "told at the door of HTTP, whatever is behind it",
        ),
    },
}
"""Codes that cannot come about in a channel, with the reason."""

AWAITED: Mapping[Channel, frozenset[str]] = {
    "http": frozenset(),
    "event": frozenset(),
    "guide": frozenset(),
    "file": frozenset(),
}
"""Codes whose acts are still to be built. Only ever shorter: one that is provoked must not stand here."""


@pytest.mark.parametrize("name", CHANNELS)
async def test_each_fault_of_content_is_told_by_its_code_at_its_place(running: Running, name: Channel) -> None:
    await running.register_agency()
    running.context.database.clock = lambda: NOW  # some numbers are wrong only until their day has come
    problems = [
        problem
        for wrong in CONTENT
        if name not in wrong.but
        for problem in wrong.problems(await SENDS[name](running, wrong), name)
    ]
    assert problems == []


@pytest.mark.parametrize("name", CHANNELS)
async def test_each_act_that_is_refused_is_told_by_its_code_at_its_place(running: Running, name: Channel) -> None:
    for agency in ("byra-ett", "byra-tva"):
        await running.register_agency(agency)
    problems = [
        problem
        for act in sorted(ACTS, key=lambda each: each.last)
        if act.channel == name
        for problem in act.problems(await act.provoke(running))
    ]
    assert problems == []


def provoked(name: Channel) -> set[str]:
    by_content = {each.code for each in CONTENT if name not in each.but}
    return by_content | {each.code for each in ACTS if each.channel == name}


@pytest.mark.parametrize("name", CHANNELS)
def test_every_code_is_provoked_wherever_it_can_come_about(name: Channel) -> None:
    missing = OWNED - provoked(name) - set(NOT_THERE[name]) - AWAITED[name]
    assert sorted(missing) == [], "provoke it beside this file, or say in NOT_THERE why it cannot come about"


@pytest.mark.parametrize("name", CHANNELS)
def test_what_is_awaited_is_not_there_yet(name: Channel) -> None:
    assert AWAITED[name] & (provoked(name) | set(NOT_THERE[name])) == set()
    assert AWAITED[name] <= OWNED


@pytest.mark.parametrize("name", CHANNELS)
def test_what_cannot_come_about_in_a_channel_is_provoked_in_another(name: Channel) -> None:
    elsewhere = {code for other in CHANNELS if other != name for code in provoked(other) | AWAITED[other]}
    assert set(NOT_THERE[name]) <= elsewhere
    assert set(NOT_THERE[name]) & provoked(name) == set()


def test_a_code_stands_at_the_same_place_in_every_channel() -> None:
    places = defaultdict(set)
    for act in ACTS:
        if act.pointer not in {"/datacontenttype", "/data"}:  # attributes of events alone
            places[act.code].add(act.pointer)
    assert {code: found for code, found in places.items() if len(found) > 1} == {}
