"""Every mail in both languages is as agreed, can be read by everybody, and says the same in text and HTML."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schemas.notification import Template
from schemas.values import Locale
from services.notifier.domain.message import Rendered, compose
from services.notifier.rendering import render
from services.notifier.samples import TEMPLATES, sample, sample_links
from services.notifier.wording import LinkKeyMissing
from tests.unit.notifier.mails import golden, layout
from tests.unit.notifier.mails.page import contrast, read

CONSOLE = golden.CONSOLE
LONGEST_LINE = 998  # RFC 5322 §2.1.1
READABLE = 4.5  # WCAG 2.2 AA, §1.4.3

GREETING = {"Hej", "Hello", "Hälsningar", "Kind", "regards", "Aktivera", "console", "example", "https"}
HEADINGS = {"st", "Program", "Antal", "Number", "1", "2", "3"}

NAMES = [
    f"{template}.{locale}.{form}" for template in TEMPLATES for locale in golden.LOCALES for form in ("txt", "html")
]

every_mail = pytest.mark.parametrize(
    ("template", "locale"), [(template, locale) for template in TEMPLATES for locale in golden.LOCALES]
)


def mail_of(template: Template, locale: Locale, console: str | None = CONSOLE, test: bool = False) -> Rendered:
    return render(replace(sample(template, locale), test=test), sample_links(console))


def test_the_layout_is_compiled_from_its_source() -> None:
    assert layout.COMPILED.read_text(encoding="utf-8") == layout.compiled()


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_is_as_it_was_agreed(name: str) -> None:
    content = dict(golden.rendered())[name]
    assert content == (golden.GOLDEN / name).read_text(encoding="utf-8"), "look at it, then `make mails`"


def test_no_mail_is_agreed_that_there_is_none_of() -> None:
    assert {each.name for each in golden.GOLDEN.iterdir()} == {name for name, _ in golden.rendered()}


@every_mail
@pytest.mark.parametrize("test", [False, True], ids=["real", "a try"])
def test_everything_can_be_read_against_what_is_behind_it(template: Template, locale: Locale, test: bool) -> None:
    words = read(mail_of(template, locale, test=test).html).words
    assert len(words) > 5
    assert {each for each in words if contrast(each.colour, each.behind) < READABLE} == set()


def test_grey_on_white_would_be_found() -> None:
    (word,) = read('<p style="color:#999999">x</p>').words
    assert contrast(word.colour, word.behind) < READABLE


@every_mail
def test_the_page_says_its_language_and_loads_nothing(template: Template, locale: Locale) -> None:
    html = mail_of(template, locale).html
    page = read(html)
    ((_, root),) = [each for each in page.tags if each[0] == "html"]
    assert root["lang"] == locale
    assert all(given.get("alt") for tag, given in page.tags if tag == "img")
    assert not {"link", "script", "img", "iframe", "form"} & {tag for tag, _ in page.tags}
    assert not re.search(r"url\(|@import|\bsrc=", html)
    assert all(each.startswith(CONSOLE) for each in page.attributes("href"))


@every_mail
@pytest.mark.parametrize("console", [CONSOLE, None], ids=["with links", "without"])
def test_text_and_html_say_the_same(template: Template, locale: Locale, console: str | None) -> None:
    mail = mail_of(template, locale, console)
    page = read(mail.html)
    in_html = _words(page.text + " " + " ".join(page.attributes("href"))) - GREETING - HEADINGS
    in_text = _words(mail.text) - GREETING - HEADINGS
    assert in_html - _words(mail.subject) <= in_text
    assert in_text <= in_html | _words(mail.subject)


@every_mail
def test_no_line_is_longer_than_mail_allows(template: Template, locale: Locale) -> None:
    mail = mail_of(template, locale)
    content = compose(mail, "Aktivera <no-reply@a.example>", "a@b.example", "<a@b>", datetime.now(UTC), locale)
    assert max(map(len, [*content.splitlines(), *mail.html.encode().splitlines()])) <= LONGEST_LINE


@every_mail
def test_a_mail_of_a_try_says_so_first(template: Template, locale: Locale) -> None:
    mail = mail_of(template, locale, test=True)
    note = {"sv": "Det här är ett testmejl.", "en": "This is a test mail."}[locale]
    assert mail.subject.startswith("[Test] ")
    assert note in mail.text
    assert note in read(mail.html).text


@every_mail
def test_names_are_text_wherever_they_stand(template: Template, locale: Locale) -> None:
    planted = '<b onclick="x">"&\r\nBcc: all@example.se'
    by = {"sub": "x", "name": planted}
    mail = replace(sample(template, locale, name=planted, by=by), client_name=planted, agency_name=planted)
    rendered = render(mail, sample_links(CONSOLE))
    assert not [tag for tag, _ in read(rendered.html).tags if tag == "b"]
    assert not [given for _, given in read(rendered.html).tags if "onclick" in given]
    with pytest.raises(ValueError, match="a header is one line"):
        compose(rendered, "Aktivera <no-reply@a.example>", "a@b.example", "<a@b>", datetime.now(UTC), locale)


@pytest.mark.parametrize("template", ["invitation", "disconnection"])
def test_a_code_whose_key_is_gone_is_not_sent_made_up(template: Template) -> None:
    with pytest.raises(LinkKeyMissing):
        render(sample(template, "sv", kid="links-0"), sample_links(CONSOLE))


@every_mail
def test_a_link_that_works_without_login_is_in_mails_with_a_code_alone(template: Template, locale: Locale) -> None:
    links = set(read(mail_of(template, locale).html).attributes("href")) - {CONSOLE}
    assert {"code=" in each for each in links} == ({template in ("invitation", "disconnection")} if links else set())


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))
