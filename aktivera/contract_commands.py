"""The commands `aktivera contract …`, for those who write to us: check an event, send an example, send one again."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from aktivera.addresses import Addresses
from aktivera.contract_examples import ExampleUnknown, fresh
from aktivera.source_client import SourceClient
from aktivera.source_commands import named
from aktivera.terminal import Json, explained, fail, show, where
from aktivera.tokens import Bearer, issue
from aktivera.upstream import Answer, KafkaAway, Sent, upstream
from chassis.clock import system_clock

app = typer.Typer(help="What you send us: checked here, sent, and sent again.", no_args_is_help=True)

Seconds = Annotated[float, typer.Option(min=1, max=600, help="How long to wait for the answer.")]
Source = Annotated[
    str | None,
    typer.Option(help="Slug of a further source; the first one otherwise.", callback=lambda slug: slug and named(slug)),
]
NOT_READ = {
    "paused": "{0} is paused, and what it sends waits unread; aktivera source resume {0} has it read again",
    "removed": "{0} was removed, and nobody reads it; aktivera source add {0} --agency … adds it anew",
}
STRUCTURED = [("content-type", b"application/cloudevents+json")]


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="A file with an event, or - for what comes in.")],
    header: Annotated[list[str] | None, typer.Option(help="In binary mode, each header: 'ce_type: …'.")] = None,
    as_json: Json = False,
) -> None:
    """Say what would be refused about an event, without sending it. Exits 1 where something would be."""
    from aktivera import contract_check

    try:
        value = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", as_json)
    split = (each.partition(":") for each in header or ())
    headers = [(name.strip(), content.strip().encode()) for name, _, content in split]
    report = contract_check.check(value, headers, system_clock())
    show(report.to_json(), as_json, contract_check.lines(report))
    if report.code is not None:
        raise typer.Exit(1)


@app.command()
def send(
    example: Annotated[str, typer.Argument(help="minimal, full, TYPE/NAME of schemas/examples, or a file.")],
    new_client: Annotated[
        bool, typer.Option("--new-client", help="With an organisation number and a reference of its own.")
    ] = False,
    until: Annotated[str, typer.Option(help="accepted, listed, activated or configured.")] = "listed",
    source: Source = None,
    seconds: Seconds = 30,
    as_json: Json = False,
) -> None:
    """Publish an example under a fresh id and show what is answered. Exits 1 where it is refused, or not answered."""
    place = where(as_json)
    try:
        event = fresh(example, new_client=new_client, source=source)
    except ExampleUnknown as fact:
        fail(str(fact), as_json)
    _must_be_read(place, source, as_json)
    if not as_json:
        typer.echo(f"sent      id {event['id']}")
    record = Sent(json.dumps(event, ensure_ascii=False).encode(), STRUCTURED)
    answers = _run(_send(place, source, record, event["id"], until, seconds, as_json), seconds, as_json)
    show([{"kind": each.kind, **each.data} for each in answers], as_json, []) if as_json else None
    if answers[-1].kind == "rejected":
        raise typer.Exit(1)


@app.command()
def replay(
    request_id: Annotated[str, typer.Argument(metavar="ID", help="The id of an event that was sent.")],
    source: Source = None,
    seconds: Seconds = 30,
    as_json: Json = False,
) -> None:
    """Send the same bytes again, as they lie in the topic, and show that nothing changes. Exits 1 where it does."""
    place = where(as_json)
    _must_be_read(place, source, as_json)
    with explained(as_json):
        found = _run(_replay(place, source, request_id, seconds), seconds, as_json)
    if isinstance(found, str):
        fail(found, as_json)
    before, after = found
    same = before == after
    verdict = "nothing changed" if same else "something changed"
    told = ["sent again: the same bytes", f"answered:   {after['answer']['kind']}, as before" if same else f"{after}"]
    show({"changed": not same, "before": before, "after": after}, as_json, [*told, verdict])
    if not same:
        raise typer.Exit(1)


def _must_be_read(place: Addresses, source: str | None, as_json: bool) -> None:
    """Ends the command where nobody would answer: no such source, or one that is not read (the first always is)."""
    if source is None:
        return
    with explained(as_json), SourceClient(place) as services:
        state = services.source(source)["state"]
    if state != "active":
        fail(f"nothing was sent: {NOT_READ[state].format(source)}", as_json)


def _run(work: Any, seconds: float, as_json: bool) -> Any:
    try:
        return asyncio.run(work)
    except KafkaAway as fact:
        fail(str(fact), as_json)
    except TimeoutError:
        fail(f"no answer within {seconds:g} s: see aktivera status, aktivera held list", as_json)


async def _send(
    place: Addresses, source: str | None, record: Sent, request_id: str, until: str, seconds: float, as_json: bool
) -> list[Answer]:
    answers = []
    async with upstream(place.kafka, seconds, source) as system:
        await system.send(record)
        async for answer in system.follow(request_id, 0, until):
            answers.append(answer)
            if not as_json:
                typer.echo("\n".join(_lines(answer)))
    return answers


async def _replay(place: Addresses, source: str | None, request_id: str, seconds: float) -> Any:
    async with upstream(place.kafka, seconds, source) as system:
        record = await system.sent(request_id)
        if record is None:
            return f"the topic holds no request {request_id} (it keeps seven days)"
        earlier = await system.answers(request_id)
        first = next((each for each in earlier if each.kind in {"accepted", "rejected"}), None)
        if first is None:
            return f"{request_id} was never answered: see aktivera held list"
        before = {"answer": {"kind": first.kind, **first.data}, "client": _client(place, first)}
        await system.send(record)
        async for answer in system.follow(request_id, len(earlier), first.kind):
            if answer.kind in {"accepted", "rejected"}:
                return before, {"answer": {"kind": answer.kind, **answer.data}, "client": _client(place, answer)}
    return f"{request_id} was not answered again"


def _client(place: Addresses, answer: Answer) -> Any:
    """The client as onboarding shows it, to see that its version stays."""
    client_id, agency = answer.data.get("client_id"), answer.data.get("agency")
    if client_id is None or agency is None:
        return None
    bearer = Bearer(agency, "contract-replay", ["client_manager"])
    headers = {"Authorization": "Bearer " + issue(place.signing_key, bearer)}
    shown = httpx.get(f"{place.services['onboarding']}/v1/clients/{client_id}", headers=headers, timeout=15)
    return shown.json() if shown.is_success else {"status": shown.status_code}


def _lines(answer: Answer) -> list[str]:
    data = answer.data
    if answer.kind != "rejected":
        return [f"{answer.kind:<9} client {data.get('client_id')}"]
    places = [f"  {each['pointer'] or '/'}: {each['code']}" for each in data["errors"]]
    return [f"rejected {data['code']}", f"  sv: {data['detail_sv']}", f"  en: {data['detail_en']}", *places]
