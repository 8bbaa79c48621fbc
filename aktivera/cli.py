"""The command line: each command is a few lines over the module that does the work."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aktivera import (
    VERSION,
    contract_commands,
    held_commands,
    invitation_commands,
    key_commands,
    mail_commands,
    recovery_commands,
    source_commands,
)
from aktivera.addresses import addresses
from aktivera.recovery_wording import DO_IT
from aktivera.settings import CommandSettings
from aktivera.terminal import Interruptible, Json, asking, explained, fail, show, state_of, where
from aktivera.tokens import Bearer, issue
from aktivera.wording import is_wrong, moment, status_lines, trace_lines

app = typer.Typer(
    help="Aktivera: from a new client to a working one.",
    cls=Interruptible,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with values could show what is personal
)
app.add_typer(held_commands.app, name="held")
recovery_commands.register(app)
invitation_commands.register(app)
app.add_typer(mail_commands.app, name="mail")
app.add_typer(key_commands.vault, name="vault")
app.add_typer(key_commands.intake_key, name="intake-key")
app.add_typer(source_commands.app, name="source")
app.add_typer(contract_commands.app, name="contract")

SUPERVISOR_GONE = {"service": "supervisor", "error": "is gone: make up"}


class Role(StrEnum):
    """What a token may say that its bearer is."""

    client_manager = "client_manager"
    agency_admin = "agency_admin"
    operator = "operator"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aktivera {VERSION}")
        raise typer.Exit


@app.callback()
def aktivera(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Aktivera: from a new client to a working one."""


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Whether to send the sample clients.")] = True,
) -> None:
    """Start everything on this machine, send the sample clients, and show each one's way."""
    from aktivera.demo import DemoStopped, run_demo
    from aktivera.local import stack

    root = CommandSettings().root.resolve()
    try:
        endpoints = stack.up(root)
    except stack.FAILURES as failure:
        fail(f"failed: {failure}")
    failed = None
    if demo:
        try:
            run_demo(addresses(), typer.echo)
        except DemoStopped as fact:
            failed = fact
    typer.echo("\nrunning (broker: {}):".format(endpoints["broker"]))
    for name, address in endpoints.items():
        if isinstance(address, str) and name != "broker":
            typer.echo(f"  {name:<12}{address}")
    typer.echo(f"  all in       {root / '.local' / 'endpoints.json'}\nstop with: make down")
    if failed:
        fail(f"failed: {failed}")


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
def backup(file: Annotated[Path, typer.Argument(help="A new file; it will hold the secrets too.")]) -> None:
    """Write the databases and the secrets of this machine's stack into one file. Kafka's data is not in it."""
    from aktivera.local import backup as local
    from aktivera.local import stack

    try:
        made = local.backup(CommandSettings().root.resolve(), file)
    except (local.NothingToBackUp, local.NoPlaceForIt, local.SecretsChanged, OSError, *stack.FAILURES) as failure:
        fail(f"failed: {failure}")
    typer.echo(f"{file}: {', '.join(made['databases'])} and the secrets, as of {moment(made['at'])}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `aktivera backup` wrote.")],
    for_real: Annotated[bool, typer.Option("--for-real", help="Replace the databases and secrets here.")] = False,
) -> None:
    """Put a backup in the place of the databases and secrets here, and start with mails held.

    What was here is kept beside (.before-restore), until the next restore. Without --for-real the file is only read.
    """
    from aktivera.local import restore as local
    from aktivera.local import stack

    root = CommandSettings().root.resolve()
    try:
        if for_real:
            local.restore(root, file)
            return
        found = local.look(root, file)
    except (local.NotABackup, OSError, *stack.FAILURES) as failure:
        fail(": ".join([f"failed: {failure}", *state_of(failure)]))
    typer.echo(f"the databases and secrets here would be replaced by those of {file}, as of {moment(found['at'])}")
    typer.echo(DO_IT)


@app.command()
def demo(as_json: Json = False) -> None:
    """Send the sample clients and show each one's way: requested, listed, mail, bell."""
    from aktivera.demo import DemoStopped, run_demo

    with explained(as_json):
        try:
            run_demo(where(as_json), typer.echo, as_json=as_json)
        except DemoStopped as fact:
            fail(f"failed: {fact}", as_json)


@app.command()
def token(  # noqa: PLR0913, PLR0917  # one option a claim
    agency: Annotated[str, typer.Option(help="The caller's agency.")],
    sub: Annotated[str, typer.Option(help="The caller's subject, e.g. karin.")],
    role: Annotated[list[Role] | None, typer.Option(help="What the caller is at the agency; repeat for more.")] = None,
    client: Annotated[str | None, typer.Option(help="For a client's own user: its client id.")] = None,
    name: Annotated[str | None, typer.Option(help="The caller's name.")] = None,
    email: Annotated[str | None, typer.Option(help="The caller's e-mail address.")] = None,
    locale: Annotated[str, typer.Option(help="sv or en.")] = "sv",
    minutes: Annotated[int, typer.Option(help="How long it is valid.")] = 60,
    as_json: Json = False,
) -> None:
    """Print a bearer token that the local services accept."""
    if not role and client is None:
        raise typer.BadParameter("give one, or --client for a client's own user", param_hint="--role")
    key = CommandSettings().signing_key
    if not key.exists():
        fail("there is no signing key yet: run `make up` once, or set AKTIVERA_SIGNING_KEY_FILE", as_json)
    issued = issue(key, Bearer(agency, sub, [each.value for each in role or ()], client, name, email, locale), minutes)
    show({"token": issued, "minutes": minutes}, as_json, [issued])


@app.command()
def trace(what: Annotated[str, typer.Argument(help="A client id or a correlation id.")], as_json: Json = False) -> None:
    """Show every step of a client, with times, from all services."""
    with asking(as_json) as services:
        steps = services.trace(what)
    show(steps, as_json, trace_lines(steps) or ["nothing is known of it"])
    if not steps:
        raise typer.Exit(1)


@app.command()
def status(as_json: Json = False) -> None:
    """Show outbox, held events, stopped readers and stuck loops of each service.

    Exits 1 where a service does not answer, has stopped reading or is stuck; held events alone exit 0.
    """
    with asking(as_json) as services:
        told = services.status()
    root = where(as_json).root
    gone = root is not None and not _supervised(root)
    lines = status_lines(told) + (["supervisor {error}".format(**SUPERVISOR_GONE)] if gone else [])
    show(told + ([SUPERVISOR_GONE] if gone else []), as_json, lines)
    if gone or any(map(is_wrong, told)):
        raise typer.Exit(1)


def _supervised(root: Path) -> bool:
    from aktivera.local import control
    from aktivera.local.layout import Layout

    return control.is_running(Layout(root))


@app.command()
def secrets(folder: Annotated[Path, typer.Argument(help="Where they are kept.")], as_json: Json = False) -> None:
    """Make the random passwords and keys that are missing, and each container's share of them."""
    from aktivera.secret_files import make_secrets

    made = make_secrets(folder)
    show(made, as_json, [f"made {name}" for name in made] or ["nothing to do"])


@app.command()
def migrate(as_json: Json = False) -> None:
    """Bring every service's database to the newest schema, as its owner."""
    from aktivera.provisioning import migrate_all
    from chassis.migrate import LockHeld
    from chassis.settings import environment

    try:
        done = migrate_all(environment())
    except LockHeld as fact:
        fail(f"failed: {fact}", as_json)
    show(done, as_json, [f"{service:<12}{', '.join(steps) or 'nothing to do'}" for service, steps in done.items()])


@app.command()
def topics(as_json: Json = False) -> None:
    """Create the topics that are missing."""
    from aktivera.provisioning import create_topics
    from chassis.settings import environment

    created = create_topics(environment())
    show(created, as_json, [f"created {name}" for name in created] or ["nothing to do"])


def main() -> None:
    """Entry point of the console script."""
    app()
