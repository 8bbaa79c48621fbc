"""The commands `aktivera held …`: what could not be handled is listed, shown, tried again or given up."""

from typing import Annotated

import typer

from aktivera import held_wording
from aktivera.terminal import Json, asking, show

app = typer.Typer(help="Events that could not be handled, and what waits behind them.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(help="onboarding, activation or notifier.")]
HeldId = Annotated[int, typer.Argument(help="The ID that `held list` shows.")]


@app.command("list")
def list_held(
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    settled: Annotated[bool, typer.Option("--settled", help="Those settled in the last 30 days instead.")] = False,
    as_json: Json = False,
) -> None:
    """List held events, oldest first."""
    with asking(as_json) as services:
        rows = services.held(service, reason, settled=settled)
    show(rows, as_json, held_wording.list_lines(rows, service, reason, settled=settled))


@app.command("show")
def show_held(service: Service, held_id: HeldId, as_json: Json = False) -> None:
    """Show one held event: where it came from, why it waits, what waits behind it. Never its content."""
    with asking(as_json) as services:
        row = services.held_one(service, held_id)
    show(row, as_json, held_wording.show_lines(service, row))


@app.command()
def retry(
    service: Service,
    held_id: HeldId,
    for_real: Annotated[bool, typer.Option("--for-real", help="Not only tried out.")] = False,
    as_json: Json = False,
) -> None:
    """Replay this event's key in order, 200 events at a time; the rest follows by itself.

    Without --for-real it is only tried out. Exits 1 where an event is in the way.
    """
    with asking(as_json) as services:
        answer = services.retry(service, held_id, dry_run=not for_real)
    show(answer, as_json, held_wording.retry_lines(answer))
    if answer["in_the_way"]:
        raise typer.Exit(1)


@app.command()
def discard(  # one option a choice
    service: Service,
    held_id: HeldId,
    reason: Annotated[str, typer.Option(help="Why it is given up, 3 to 500 characters; kept with it.")],
    key: Annotated[bool, typer.Option("--key", help="All that is held on its key, one after the other.")] = False,
    for_real: Annotated[bool, typer.Option("--for-real", help="Not only said what would happen.")] = False,
    as_json: Json = False,
) -> None:
    """Give up one event, the head of its key; what waits behind it goes on. Without --for-real nothing is changed."""
    with asking(as_json) as services:
        if key:
            answer = services.discard_key(service, held_id, reason, dry_run=not for_real)
        else:
            answer = services.discard(service, held_id, reason, dry_run=not for_real)
    show(answer, as_json, held_wording.discard_key_lines(answer) if key else held_wording.discard_lines(answer))
    if answer.get("refused"):
        raise typer.Exit(1)
