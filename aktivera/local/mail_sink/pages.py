"""Owns what a person sees of the mails: a list, and each as text and as a shut-in HTML page; no script, all escaped."""

import re
from email.utils import parsedate_to_datetime
from html import escape
from typing import Any

from aktivera.local.mail_sink.mailbox import Mailbox

PAGE_SIZE = 100

_WORDS = {
    "sv": {
        "title": "Mejl",
        "none": "Inga mejl ännu. Allt som skickas i den lokala miljön hamnar här.",
        "from": "Från",
        "to": "Till",
        "subject": "Ämne",
        "date": "Datum",
        "untitled": "(utan ämne)",
        "back": "Alla mejl",
        "text": "Text",
        "html": "Formaterad",
        "headers": "Brevhuvud",
        "older": "Äldre",
        "newer": "Nyare",
        "count": "{} mejl, nyast först",
        "other": "English",
        "missing": "Sidan finns inte",
        "why_missing": "Mejlet eller sidan finns inte. Mejl försvinner när den lokala miljön töms.",
    },
    "en": {
        "title": "Mail",
        "none": "No mail yet. Everything sent in the local stack ends up here.",
        "from": "From",
        "to": "To",
        "subject": "Subject",
        "date": "Date",
        "untitled": "(no subject)",
        "back": "All mail",
        "text": "Text",
        "html": "Formatted",
        "headers": "Headers",
        "older": "Older",
        "newer": "Newer",
        "count": "{} mails, newest first",
        "other": "Svenska",
        "missing": "There is no such page",
        "why_missing": "The mail or page does not exist. Mails go when the local stack is emptied.",
    },
}

_MONTHS = {
    "sv": (
        *("januari", "februari", "mars", "april", "maj", "juni"),
        *("juli", "augusti", "september", "oktober", "november", "december"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}

STYLE = b"""
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
header { display: flex; justify-content: space-between; align-items: baseline; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: .5rem; border-bottom: 1px solid #8886; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; border: 1px solid #8886; font: inherit; }
iframe { width: 100%; height: 32rem; border: 1px solid #8886; background: #fff; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid #47c; outline-offset: 2px; }
"""

_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")


def listing(mailbox: Mailbox, number: int, locale: str) -> bytes:
    words = _WORDS[locale]
    rows = "".join(_row(mail, locale) for mail in mailbox.page(number, PAGE_SIZE))
    head = "".join(f'<th scope="col">{words[name]}</th>' for name in ("subject", "from", "to", "date"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else f"<p>{words['none']}</p>"
    ways = []
    if number > 0:
        ways.append(f'<a href="/?page={number - 1}&amp;lang={locale}">{words["newer"]}</a>')
    if (number + 1) * PAGE_SIZE < len(mailbox):
        ways.append(f'<a href="/?page={number + 1}&amp;lang={locale}">{words["older"]}</a>')
    count = words["count"].format(len(mailbox))
    return _page(words["title"], f"<p>{count}</p>{table}<nav>{' '.join(ways)}</nav>", locale, "/")


def reading(mail: dict[str, Any], locale: str) -> bytes:
    words = _WORDS[locale]
    here = f"/messages/{escape(mail['id'])}"
    facts = {"from": mail["from"], "to": ", ".join(mail["to"]), "date": sent_at(mail, locale)}
    parts = [f'<nav><a href="/?lang={locale}">{words["back"]}</a></nav>']
    parts.append(_terms({words[name]: value for name, value in facts.items()}))
    if mail["html"]:
        shut_in = 'sandbox="allow-popups allow-popups-to-escape-sandbox"'
        frame = f'<iframe {shut_in} src="{here}/html" title="{words["html"]}">'
        parts.append(f"<h2>{words['html']}</h2>{frame}</iframe>")
    if mail["text"]:
        parts.append(f"<h2>{words['text']}</h2><pre>{_linked(mail['text'])}</pre>")
    parts.append(f"<details><summary>{words['headers']}</summary>{_terms(mail['headers'])}</details>")
    return _page(mail["subject"] or words["untitled"], "".join(parts), locale, here)


def missing(locale: str) -> bytes:
    """The page of what is not there."""
    words = _WORDS[locale]
    way = f'<nav><a href="/?lang={locale}">{words["back"]}</a></nav>'
    return _page(words["missing"], f"<p>{words['why_missing']}</p>{way}", locale, "/")


def sent_at(mail: dict[str, Any], locale: str) -> str:
    """The mail's date in this machine's time and the reader's words; as it stands where it is no date."""
    written = str(mail["headers"].get("Date", ""))
    try:
        at = parsedate_to_datetime(written).astimezone()
    except (ValueError, OverflowError):
        return written
    joined = " kl. " if locale == "sv" else ", "
    return f"{at.day} {_MONTHS[locale][at.month - 1]} {at.year}{joined}{at:%H:%M:%S}"


def body(mail: dict[str, Any]) -> bytes:
    """The mail's own HTML, as it came; what it may do is up to the policy that it is served with."""
    return f'<!doctype html><meta charset="utf-8"><base target="_blank">{mail["html"]}'.encode()


def _row(mail: dict[str, Any], locale: str) -> str:
    subject = escape(mail["subject"] or _WORDS[locale]["untitled"])
    link = f'<a href="/messages/{escape(mail["id"])}?lang={locale}">{subject}</a>'
    cells = (link, escape(mail["from"]), escape(", ".join(mail["to"])), escape(sent_at(mail, locale)))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _terms(facts: dict[str, str]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in facts.items())}</dl>"


def _linked(text: str) -> str:
    parts, at = [], 0
    for found in _ADDRESS.finditer(text):
        address = escape(found.group())
        parts += [escape(text[at : found.start()]), f'<a href="{address}" rel="noreferrer">{address}</a>']
        at = found.end()
    return "".join([*parts, escape(text[at:])])


def _page(title: str, content: str, locale: str, here: str) -> bytes:
    other = "en" if locale == "sv" else "sv"
    switch = f'<a href="{here}?lang={other}" lang="{other}" hreflang="{other}">{_WORDS[locale]["other"]}</a>'
    return (
        f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/style.css">'
        f"</head><body><header><h1>{escape(title)}</h1>{switch}</header><main>{content}</main></body></html>"
    ).encode()
