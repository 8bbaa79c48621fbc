"""The commands for exchanging keys: `aktivera vault …` and `aktivera intake-key …`."""

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from aktivera import key_exchange
from aktivera.key_exchange import KeyIsCurrent, KeyStays, KeyUnknown
from aktivera.local.credentials import INTAKE_KEYS, VAULT_KEY
from aktivera.settings import CommandSettings
from aktivera.terminal import Json, asking, fail, show
from chassis.clock import system_clock
from chassis.key_files import SecretUnusable

vault = typer.Typer(help="The master keys that wrap what the vault holds.", no_args_is_help=True)
intake_key = typer.Typer(help="The keys that sources encrypt personal numbers to.", no_args_is_help=True)

File = Annotated[Path | None, typer.Option("--file", help="The file of keys; without it, the local stack's.")]
REFUSALS = (SecretUnusable, KeyUnknown, KeyIsCurrent, KeyStays, OSError)


@vault.command()
def status(as_json: Json = False) -> None:
    """Show each master key and how many data keys it wraps. Exits 1 where one that is needed is missing."""
    with asking(as_json) as services:
        told = services.vault()
    show(told, as_json, key_exchange.status_lines(told))
    if any(not each["present"] for each in told["keys"]):
        raise typer.Exit(1)


@vault.command()
def rotate(
    batch: Annotated[int, typer.Option(min=1, max=5000, help="Data keys in one transaction.")] = 1000,
    as_json: Json = False,
) -> None:
    """Wrap every data key anew with the current master key. It can be stopped, and goes on where it was.

    Exits 1 where some remain, because the key that wraps them is missing.
    """
    say = (lambda _: None) if as_json else (lambda line: typer.echo(line, err=True))
    with asking(as_json) as services:
        told = key_exchange.rotate(services, batch, say)
    show(told, as_json, key_exchange.status_lines(told))
    if told["remaining"]:
        raise typer.Exit(1)


@vault.command("new-key")
def new_master_key(file: File = None, as_json: Json = False) -> None:
    """Put a fresh master key before the others: what is new is wrapped with it within a minute."""
    path = file or _local(VAULT_KEY)
    try:
        name = key_exchange.add_master_key(path)
    except REFUSALS as fact:
        _refuse(fact, as_json)
    show({"id": name}, as_json, [f"{name} is the current master key of {path}", "now: aktivera vault rotate"])


@vault.command("drop-key")
def drop_master_key(
    name: Annotated[str, typer.Argument(metavar="ID", help="As `aktivera vault status` shows it.")],
    file: File = None,
    unused: Annotated[
        bool, typer.Option("--unused", help="Do not ask onboarding: the key is known to be unused.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take an old master key out of the file. Refused while something is wrapped by it, and for the current one."""
    path = file or _local(VAULT_KEY)
    try:
        key_exchange.must_be_old(path, name)
        if not unused:
            with asking(as_json) as services:
                key_exchange.must_be_unused(services.vault(), name, path, system_clock())
        key_exchange.drop_master_key(path, name)
    except REFUSALS as fact:
        _refuse(fact, as_json)
    show({"dropped": name}, as_json, [f"{name} is gone from {path}; a backup of the database from before may need it"])


@intake_key.command("new")
def new_intake_key(file: File = None, as_json: Json = False) -> None:
    """Put a fresh intake key before the others: it is published within a minute, the others still open."""
    path = file or _local(INTAKE_KEYS)
    try:
        kid = key_exchange.add_intake_key(path)
    except (*REFUSALS, json.JSONDecodeError, KeyError, TypeError) as fact:
        fail(f"failed: {path}: {type(fact).__name__}", as_json)
    show({"kid": kid}, as_json, [f"{kid} is the key that sources encrypt to, of {path}"])


@intake_key.command("drop")
def drop_intake_key(
    kid: Annotated[str, typer.Argument(help="The kid of the key to take away.")],
    file: File = None,
    as_json: Json = False,
) -> None:
    """Take an old intake key out of the file: what was encrypted to it cannot be opened any more."""
    path = file or _local(INTAKE_KEYS)
    try:
        key_exchange.drop_intake_key(path, kid)
    except REFUSALS as fact:
        _refuse(fact, as_json)
    show({"dropped": kid}, as_json, [f"{kid} is gone from {path}"])


def _refuse(fact: Exception, as_json: bool) -> NoReturn:
    """Ends the command with what stands in the way, by a code where it is a rule and no fault of the file system."""
    code = getattr(fact, "code", None)
    if code is None:
        fail(f"failed: {fact}", as_json)
    fail(f"refused: {code}: {fact}", as_json, {"code": code, "detail_en": str(fact)})


def _local(name: str) -> Path:
    return CommandSettings().root.resolve() / ".local" / "secrets" / name
