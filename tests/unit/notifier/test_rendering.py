"""The confirmation says what was ordered, in the reader's language, and nothing that it must not."""

import re
from dataclasses import replace

import pytest

from services.notifier.rendering import render
from services.notifier.samples import sample, sample_links

MAIL = replace(
    sample("confirmation", "sv", counts={"bookkeeping": 2, "invoicing": 0}),
    client_name="Åkeri <b>& Söner</b>",
    agency_name="Byrå Ett",
)
CONSOLE = "https://aktivera.example"
LINKS = sample_links(CONSOLE)


def test_the_swedish_mail_names_client_agency_and_licences() -> None:
    rendered = render(MAIL, LINKS)
    assert rendered.subject == "Åkeri <b>& Söner</b> är upplagd i Aktivera"
    assert "Bokföring: 2 st" in rendered.text
    assert "Fakturering" not in rendered.text
    assert "hos Byrå Ett" in rendered.text


def test_the_english_mail_is_english() -> None:
    rendered = render(replace(MAIL, locale="en"), LINKS)
    assert "Bookkeeping: 2" in rendered.text
    assert '<html lang="en"' in rendered.html


def test_names_are_escaped_in_html() -> None:
    assert "Åkeri &lt;b&gt;&amp; Söner&lt;/b&gt;" in render(MAIL, LINKS).html


@pytest.mark.parametrize("locale", ["sv", "en"])
@pytest.mark.parametrize("access", [True, False])
def test_an_agency_that_is_not_known_yet_does_not_stop_the_mail(locale: str, access: bool) -> None:
    facts = {"program_access": access, "counts": {}}
    rendered = render(replace(MAIL, agency_name=None, facts=facts, locale=locale, test=True), LINKS)  # type: ignore[arg-type]  # a str
    assert "None" not in rendered.text + rendered.html
    assert rendered.subject.startswith("[Test]")


@pytest.mark.parametrize("locale", ["sv", "en"])
def test_the_only_link_is_the_console_s_front_page(locale: str) -> None:
    rendered = render(replace(MAIL, locale=locale), LINKS)  # type: ignore[arg-type]  # pytest gives a str
    assert re.findall(r'href="([^"]*)"', rendered.html) == [CONSOLE]
