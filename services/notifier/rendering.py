"""Turns a mail's facts into subject, text and HTML by the templates of its language."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from schemas.programs import PROGRAMS
from services.notifier.domain.bell_texts import language
from services.notifier.domain.message import Rendered
from services.notifier.domain.names import shown
from services.notifier.store.deliveries import Claimed

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(enabled_extensions=("html",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def render(mail: Claimed, console_url: str | None) -> Rendered:
    """The mail in its recipient's language. Raises jinja2.TemplateError, KeyError where a template asks for more."""
    locale = language(mail.locale)
    facts = {
        "lang": locale,
        "client_name": shown(mail.client_name),
        "agency_name": mail.agency_name and shown(mail.agency_name),
        "console_url": console_url,
        "test": mail.test,
        **_of_template(mail, locale),
    }
    subject, text, html = (
        _TEMPLATES.get_template(f"{mail.template}.{locale}.{part}").render(facts)
        for part in ("subject.txt", "txt", "html")
    )
    return Rendered(subject.strip(), text, html)


def _of_template(mail: Claimed, locale: str) -> dict[str, Any]:
    licences = [(_program(id_, locale), count) for id_, count in sorted(mail.facts["counts"].items()) if count > 0]
    return {"program_access": mail.facts["program_access"], "licences": licences}


def _program(id_: str, locale: str) -> str:
    program = PROGRAMS.programs.get(id_)
    if program is None:
        return id_  # a program newer than this service
    return program.name_en if locale == "en" else program.name_sv
