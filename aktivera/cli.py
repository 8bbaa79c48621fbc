"""The command line: each command is a few lines over the module that does the work."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from aktivera.addresses import Addresses, CommandSettings, NothingRuns, addresses
from aktivera.operations import Operations, explained
from aktivera.tokens import Bearer, issue

app = typer.Typer(
    help="Aktivera: from a new client to a working one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with values could show what is personal
)
held = typer.Typer(help="Events that could not be handled, and what waits behind them.", no_args_is_help=True)
app.add_typer(held, name="held")

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def _where() -> Addresses:
    try:
        return addresses()
    except NothingRuns as fact:
        typer.echo(str(fact), err=True)
        raise typer.Exit(1) from None


def _show(content: Any, as_json: bool, lines: list[str]) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2) if as_json else "\n".join(lines))


@app.command()
def up(no_demo: Annotated[bool, typer.Option(help="Only start; send no sample clients.")] = False) -> None:
    """Start everything on this machine, send the sample clients, and show each one's way."""
    from aktivera.demo import run_demo
    from aktivera.local import stack

    root = CommandSettings().root.resolve()
    try:
        endpoints = stack.up(root)
    except stack.FAILURES as failure:
        typer.echo(f"failed: {failure}", err=True)
        raise typer.Exit(1) from None
    if not no_demo and not run_demo(addresses(), typer.echo):
        raise typer.Exit(1)
    typer.echo("\nrunning (broker: {}):".format(endpoints["broker"]))
    for name, url in endpoints.items():
        if isinstance(url, str) and url.startswith("http"):
            typer.echo(f"  {name:<12}{url}")
    typer.echo(f"  all in       {root / '.local' / 'endpoints.json'}\nstop with: make down")


@app.command()
def down() -> None:
    """Stop everything; the data stays."""
    from aktivera.local import stack

    stack.down(CommandSettings().root.resolve())


@app.command()
def clean() -> None:
    """Stop everything and remove the data."""
    from aktivera.local import stack

    stack.clean(CommandSettings().root.resolve())


@app.command()
def demo(as_json: Json = False) -> None:
    """Send the sample clients and show each one's way: requested, listed, mail, bell."""
    from aktivera.demo import run_demo

    if not run_demo(_where(), typer.echo, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def token(  # noqa: PLR0913, PLR0917  # one option a claim
    agency: Annotated[str, typer.Option(help="The caller's agency.")],
    sub: Annotated[str, typer.Option(help="The caller's subject, e.g. karin.")],
    role: Annotated[list[str], typer.Option(help="client_manager, agency_admin or operator; repeat for more.")],
    client: Annotated[str | None, typer.Option(help="For a client's own user: its client id.")] = None,
    name: Annotated[str | None, typer.Option(help="The caller's name.")] = None,
    email: Annotated[str | None, typer.Option(help="The caller's e-mail address.")] = None,
    locale: Annotated[str, typer.Option(help="sv or en.")] = "sv",
    minutes: Annotated[int, typer.Option(help="How long it is valid.")] = 60,
    as_json: Json = False,
) -> None:
    """Print a bearer token that the local services accept."""
    settings = CommandSettings()
    key = settings.signing_key_file or settings.root / ".local" / "secrets" / "token-signing-key.json"
    if not Path(key).exists():
        typer.echo("there is no signing key yet: run `make up` once, or set AKTIVERA_SIGNING_KEY_FILE", err=True)
        raise typer.Exit(1)
    issued = issue(key, Bearer(agency, sub, role, client, name, email, locale), minutes)
    _show({"token": issued, "minutes": minutes}, as_json, [issued])


@app.command()
def trace(what: Annotated[str, typer.Argument(help="A client id or a correlation id.")], as_json: Json = False) -> None:
    """Show every step of a client, with times, from all services."""
    with explained():
        steps = Operations(_where()).trace(what)
    lines = [f"{step['at']!s:<34}{step['service']:<12}{step['what']:<26}{_facts(step['detail'])}" for step in steps]
    _show(steps, as_json, lines or ["nothing is known of it"])
    if not steps:
        raise typer.Exit(1)


@app.command()
def status(as_json: Json = False) -> None:
    """Show outbox, held events, stopped readers and jobs of each service. Exits 1 where something is wrong."""
    services = Operations(_where()).status()
    lines = []
    for each in services:
        wrong = each.get("error") or each.get("reading_stopped_by") or (each["stuck"] and f"stuck: {each['stuck']}")
        facts = "" if "error" in each else f"outbox {each['outbox']}, held {each['held']}"
        lines.append(f"{each['service']:<12}{facts:<28}{wrong or 'ok'}")
    _show(services, as_json, lines)
    if any(each.get("error") or each.get("reading_stopped_by") or each.get("stuck") for each in services):
        raise typer.Exit(1)


@app.command()
def secrets(folder: Annotated[Path, typer.Argument(help="Where they are kept.")], as_json: Json = False) -> None:
    """Make the random passwords and keys that are missing, and each container's share of them."""
    from aktivera.secret_files import make_secrets

    made = make_secrets(folder)
    _show(made, as_json, [f"made {name}" for name in made] or ["nothing to do"])


@app.command()
def migrate(as_json: Json = False) -> None:
    """Bring every service's database to the newest schema, as its owner."""
    from aktivera.operate import migrate_all
    from chassis.settings import environment

    done = migrate_all(environment())
    _show(done, as_json, [f"{service:<12}{', '.join(steps) or 'nothing to do'}" for service, steps in done.items()])


@app.command()
def topics(as_json: Json = False) -> None:
    """Create the topics that are missing."""
    from aktivera.operate import create_topics
    from chassis.settings import environment

    created = create_topics(environment())
    _show(created, as_json, [f"created {name}" for name in created] or ["nothing to do"])


@held.command("list")
def held_list(
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    as_json: Json = False,
) -> None:
    """List held events, oldest first."""
    with explained():
        rows = Operations(_where()).held(service, reason)
    lines = [
        f"{row['service']:<12}{row['id']:<7}{row['held_at'][:19]:<21}{row['reason']:<20}{row['event_type']}"
        for row in rows
    ]
    _show(rows, as_json, lines or ["nothing is held"])


@held.command("show")
def held_show(service: str, held_id: int, as_json: Json = False) -> None:
    """Show one held event: where it came from, why it waits, what waits behind it. Never its content."""
    with explained():
        row = Operations(_where()).held_one(service, held_id)
    _show(row, as_json, [f"{name:<16}{value}" for name, value in row.items()])


@held.command("retry")
def held_retry(
    service: str,
    held_id: int,
    for_real: Annotated[bool, typer.Option("--for-real", help="Not only tried out.")] = False,
    as_json: Json = False,
) -> None:
    """Replay this event's key in order. Without --for-real it is only tried out."""
    with explained():
        answer = Operations(_where()).retry(service, held_id, dry_run=not for_real)
    tried = "tried out" if answer["dry_run"] else "done"
    way = answer["in_the_way"]
    rest = f"; in the way: {way['reason']} ({way['detail']})" if way else "; they follow" if answer["left"] else ""
    lines = [f"{tried}: {answer['replayed']} went through, {answer['left']} left{rest}"]
    _show(answer, as_json, lines + ([] if for_real else ["add --for-real to do it"]))


@held.command("discard")
def held_discard(
    service: str,
    held_id: int,
    reason: Annotated[str, typer.Option(help="Why it is given up; kept with it.")],
    for_real: Annotated[bool, typer.Option("--for-real", help="Not only said what would happen.")] = False,
    as_json: Json = False,
) -> None:
    """Give up one event; what waits behind it goes on. Without --for-real it is only said what would happen."""
    with explained():
        answer = Operations(_where()).discard(service, held_id, reason, dry_run=not for_real)
    done = "discarded" if answer["discarded"] else "would be discarded (add --for-real to do it)"
    _show(answer, as_json, [f"{done}; {answer['followers']} waiting behind it go on"])


def _facts(detail: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in detail.items() if value is not None)


def main() -> None:
    """Entry point of the console script."""
    app()
