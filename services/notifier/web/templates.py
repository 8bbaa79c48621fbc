"""Routes of the mails' templates: which there are, and what each looks like, with an invented client."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from pydantic import BaseModel

from chassis.callers import Opened, Who
from schemas.errors import Refused
from schemas.notification import Template
from schemas.values import Locale
from services.notifier.domain.bell_texts import language as spoken
from services.notifier.domain.message import Rendered
from services.notifier.rendering import render
from services.notifier.samples import TEMPLATES, sample, sample_links
from services.notifier.settings import NotifierSettings

router = APIRouter(prefix="/v1/templates", tags=["templates"])

WHO = ("agency_admin", "operator")

SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self';"
        " sandbox"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""A mail has its styles in its elements, and nothing else that a browser should follow, load or run."""


class NoSuchTemplate(Refused):
    """There is no template of that name."""

    code = "not_found"


class Subjects(BaseModel):
    """How the subject of the invented mail reads."""

    sv: str
    en: str


class TemplateShown(BaseModel):
    """A template, by the name that mails have it under."""

    name: Template
    subject: Subjects


class Templates(BaseModel):
    """All that there are."""

    items: list[TemplateShown]


@router.get("", summary="The mails' templates")
async def list_templates(who: Who, context: Opened) -> Templates:
    who.must_be_staff(*WHO)
    subjects = {
        name: Subjects(sv=_rendered(context, name, "sv").subject, en=_rendered(context, name, "en").subject)
        for name in TEMPLATES
    }
    return Templates(items=[TemplateShown(name=name, subject=subject) for name, subject in subjects.items()])


@router.get(
    "/{name}/preview",
    summary="A mail of an invented client, as its reader sees it",
    response_class=HTMLResponse,
    response_model=None,
    responses={
        200: {
            "description": "The mail; its link opens nothing",
            "content": {"text/plain": {"schema": {"type": "string"}}},
            "headers": {name: {"required": True, "schema": {"type": "string"}} for name in SAFE},
        }
    },
)
async def preview(
    name: str,
    who: Who,
    context: Opened,
    language: Locale | None = None,
    form: Annotated[Literal["html", "text"], Query(alias="format")] = "html",
) -> Response:
    """Without a language in that of the caller."""
    who.must_be_staff(*WHO)
    known = next((each for each in TEMPLATES if each == name), None)
    if known is None:
        raise NoSuchTemplate
    rendered = _rendered(context, known, language or ("en" if spoken(who.locale) == "en" else "sv"))
    if form == "text":
        return PlainTextResponse(rendered.text, headers=SAFE)
    return HTMLResponse(rendered.html, headers=SAFE)


def _rendered(context: Opened, name: Template, locale: Locale) -> Rendered:
    assert isinstance(context.settings, NotifierSettings)
    return render(sample(name, locale), sample_links(context.settings.console_url))
