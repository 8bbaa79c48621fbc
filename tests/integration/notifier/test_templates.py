"""Administrators see what each mail looks like, without a client, a script, or a code that opens anything."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis.link_keys import LinkKeys
from services.notifier.samples import TEMPLATES
from services.notifier.settings import NotifierSettings
from tests.integration.notifier.running import Running


async def asked(running: Running, path: str = "", **claims: Any) -> httpx.Response:
    headers = running.token("anna", **{"roles": ["agency_admin"], **claims})
    return await running.http.get(f"/v1/templates{path}", headers=headers)


async def test_every_template_is_listed_with_a_subject_in_both_languages(running: Running) -> None:
    items = (await asked(running)).json()["items"]
    assert [each["name"] for each in items] == list(TEMPLATES)
    assert all(each["subject"]["sv"] != each["subject"]["en"] for each in items)
    assert items[0]["subject"]["sv"] == "Exempelbolaget AB är upplagd i Aktivera"


@pytest.mark.parametrize("name", TEMPLATES)
async def test_a_preview_is_the_mail_in_the_language_and_form_that_are_asked_for(running: Running, name: str) -> None:
    shown = {
        (language, form): await asked(running, f"/{name}/preview?language={language}&format={form}")
        for language in ("sv", "en")
        for form in ("html", "text")
    }
    assert len({answer.text for answer in shown.values()}) == 4
    for (language, form), answer in shown.items():
        assert answer.headers["content-type"] == f"text/{'html' if form == 'html' else 'plain'}; charset=utf-8"
        assert "Exempelbolaget AB" in answer.text
        assert (f'<html lang="{language}"' in answer.text) is (form == "html")


async def test_without_more_said_it_is_html_in_the_caller_s_language(running: Running) -> None:
    assert '<html lang="sv"' in (await asked(running, "/reminder/preview")).text
    assert '<html lang="en"' in (await asked(running, "/reminder/preview", locale="en")).text


async def test_a_browser_is_told_to_load_run_and_keep_nothing_of_a_preview(running: Running) -> None:
    answer = await asked(running, "/invitation/preview")
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "sandbox", "form-action 'none'", "base-uri 'none'"} <= set(policy)
    assert not any("script" in each for each in policy)
    assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
    assert "<script" not in answer.text
    assert " src=" not in answer.text


async def test_a_preview_s_code_is_none_of_ours(running: Running) -> None:
    settings = running.context.settings
    assert isinstance(settings, NotifierSettings)
    links: LinkKeys = settings.link_keys
    text = (await asked(running, "/invitation/preview?format=text")).text
    for kid in links.keys:
        assert links.code(kid, UUID("00000000-0000-7000-8000-000000000002"), 1) not in text


@pytest.mark.parametrize("path", ["/nosuch/preview", "/..%2Flayout/preview", "/sv/preview"])
async def test_a_template_that_is_not_there_is_not_found(running: Running, path: str) -> None:
    answer = await asked(running, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("query", "pointer"), [("language=de", "/language"), ("format=pdf", "/format")])
async def test_a_language_or_form_that_is_not_there_is_refused(running: Running, query: str, pointer: str) -> None:
    answer = await asked(running, f"/invitation/preview?{query}")
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [(pointer, "invalid_choice")]


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"roles": ["operator"]}, 200),
        ({"roles": ["client_manager"]}, 403),
        ({"roles": []}, 403),
        ({"client": "c-1"}, 403),
    ],
    ids=["an operator", "a client manager", "nobody", "a client's own"],
)
async def test_administrators_and_operators_alone_see_templates(
    running: Running, claims: dict[str, Any], status: int
) -> None:
    for path in ("", "/confirmation/preview"):
        assert (await asked(running, path, **claims)).status_code == status
