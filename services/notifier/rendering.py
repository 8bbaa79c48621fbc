"""Turns a mail's facts into subject, text and HTML by the templates of its language."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifier.domain.bell_texts import language
from services.notifier.domain.message import Rendered
from services.notifier.domain.names import shown
from services.notifier.store.deliveries import Claimed
from services.notifier.wording import Links, words

TEMPLATES = Path(__file__).with_name("templates")

_TEMPLATES = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(enabled_extensions=("html",), default=False),
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def render(mail: Claimed, links: Links) -> Rendered:
    """The mail in its recipient's language. Raises jinja2.TemplateError, KeyError where a template asks for more."""
    locale = language(mail.locale)
    facts = {
        "lang": locale,
        "client_name": shown(mail.client_name),
        "agency_name": mail.agency_name and shown(mail.agency_name),
        "console_url": links.console_url,
        "test": mail.test,
        **words(mail.template, mail.client_id, mail.facts, links, locale),
    }
    subject, text = (
        _TEMPLATES.get_template(f"{mail.template}.{locale}.{part}").render(facts) for part in ("subject.txt", "txt")
    )
    subject = subject.strip()
    html = _TEMPLATES.get_template(f"{mail.template}.{locale}.html").render(facts, title=subject)
    return Rendered(subject, text, html)
