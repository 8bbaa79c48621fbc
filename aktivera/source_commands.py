"""The commands `aktivera source …`: upstream sources are added, listed, shown, changed, paused and removed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer

from aktivera import source_wording as wording
from aktivera.source_client import SourceClient
from aktivera.terminal import Json, explained, fail, show, where

app = typer.Typer(help="Upstream systems that send clients: one pair of topics each.", no_args_is_help=True)


class May(StrEnum):
    """What a source may ask for."""

    requested = "requested"
    cancellation = "cancellation"
    licences = "licences"


SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])")


def named(text: str) -> str:
    """A source's name, said before anybody is asked. Raises BadParameter, which says what is allowed."""
    if SLUG.fullmatch(text) is None:
        raise typer.BadParameter("2 to 40 of a-z, 0-9 and -, neither first nor last a -; such as bolagsregistret")
    return text


Slug = Annotated[
    str,
    typer.Argument(help="Its short name, such as bolagsregistret; its events carry /upstream/SLUG.", callback=named),
]
Agencies = Annotated[list[str] | None, typer.Option("--agency", help="An agency it may send for; repeat for more.")]
Kinds = Annotated[
    str | None, typer.Option("--may", help="What it may ask for: requested,cancellation,licences (all, if not given).")
]


@contextmanager
def _sources(as_json: bool) -> Iterator[SourceClient]:
    place = where(as_json)
    with explained(as_json), SourceClient(place) as services:
        yield services


@app.command("add")
def add(  # one option a choice
    slug: Slug,
    agency: Agencies = None,
    may: Kinds = None,
    test: Annotated[bool, typer.Option("--test", help="Its clients are marked as tries.")] = False,
    as_json: Json = False,
) -> None:
    """Add a source and make its topics. The same again changes nothing; otherwise set up, it is refused."""
    from aktivera.provisioning import TopicsNotMade, create_source_topics

    wanted = _kinds(may, as_json)
    if not agency:
        fail("name an agency that it may send for: --agency byra-ett", as_json)
    kafka = where(as_json).kafka
    with _sources(as_json) as services:
        try:
            answer, topics = services.add_source(
                slug, agency, wanted, test=test, make_topics=lambda: create_source_topics(kafka, slug)
            )
        except TopicsNotMade as reason:
            fail(f"the topics cannot be made: {reason}", as_json)
    show(answer, as_json, [f"created {name}" for name in topics] + wording.show_lines(answer))


@app.command("list")
def list_sources(as_json: Json = False) -> None:
    """List the sources."""
    with _sources(as_json) as services:
        rows = services.sources()
    show(rows, as_json, wording.list_lines(rows))


@app.command("show")
def show_source(slug: Slug, as_json: Json = False) -> None:
    """Show a source: its topics, what it may do, and what was done with it by whom."""
    with _sources(as_json) as services:
        answer = services.source(slug)
    show(answer, as_json, wording.show_lines(answer))


@app.command()
def change(slug: Slug, agency: Agencies = None, may: Kinds = None, as_json: Json = False) -> None:
    """Change for which agencies a source may send, or what: the whole list each time."""
    wanted = _kinds(may, as_json)
    if not agency and wanted is None:
        fail("name what shall be otherwise: --agency or --may", as_json)
    with _sources(as_json) as services:
        answer = services.change_source(slug, agency or (), wanted)
    show(answer, as_json, wording.show_lines(answer))


@app.command()
def pause(slug: Slug, as_json: Json = False) -> None:
    """Read nothing more of a source for now. What it asked before is answered; what it sends waits in Kafka."""
    with _sources(as_json) as services:
        answer = services.pause_source(slug)
    show(answer, as_json, wording.show_lines(answer))


@app.command()
def resume(slug: Slug, as_json: Json = False) -> None:
    """Read a paused source again, from where it was paused."""
    with _sources(as_json) as services:
        answer = services.resume_source(slug)
    show(answer, as_json, wording.show_lines(answer))


@app.command()
def remove(slug: Slug, as_json: Json = False) -> None:
    """Hear a source no more and tell it nothing more. Its clients stay, and so do its topics."""
    with _sources(as_json) as services:
        answer = services.remove_source(slug)
    show(answer, as_json, wording.show_lines(answer))


def _kinds(text: str | None, as_json: bool) -> list[str] | None:
    if text is None:
        return None
    given = [each.strip() for each in text.split(",") if each.strip()]
    unknown = [each for each in given if each not in set(May)]
    if unknown or not given:
        fail(f"--may takes {', '.join(May)}; not {', '.join(unknown) or 'nothing'}", as_json)
    return given
