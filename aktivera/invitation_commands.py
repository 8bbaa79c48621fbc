"""The command `invitation`: what an invitation's mail holds, without opening it; this machine's stack only."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from aktivera.settings import CommandSettings
from aktivera.terminal import Json, fail, show

if TYPE_CHECKING:
    from aktivera.local.invitations import OpenInvitation

NOT_HERE = "this machine's stack does not run, and no other tells its codes: start it with `make up`"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(invitation)


def invitation(
    client: Annotated[UUID, typer.Argument(help="The client's id.")],
    user: Annotated[UUID | None, typer.Argument(help="One of its users; without it all who are invited.")] = None,
    as_json: Json = False,
) -> None:
    """Print the open invitations of a client with the codes to accept them."""
    found = _look(client, user, as_json)
    rows = [{name: str(value) for name, value in asdict(each).items()} for each in found]
    lines = [_line(each) for each in found]
    show(rows, as_json, lines or ["no invitation is open"])
    if not found:
        raise typer.Exit(1)


def _line(each: "OpenInvitation") -> str:
    return (
        f"{each.name} <{each.email}>, until {each.expires_at:%Y-%m-%d %H:%M} UTC\n"
        f"  POST /v1/invitations/{each.invitation_id}/accept\n"
        f'  {{"code": "{each.code}"}}'
    )


def _look(client: UUID, user: UUID | None, as_json: bool) -> "list[OpenInvitation]":
    import asyncio

    from aktivera.local.credentials import LINK_KEYS
    from aktivera.local.invitations import open_invitations
    from aktivera.local.layout import Layout

    layout = Layout(CommandSettings().root.resolve())
    try:
        dsn = json.loads(layout.endpoints_file.read_text(encoding="utf-8"))["postgres"]["activation"]
        return asyncio.run(open_invitations(dsn, layout.secrets / LINK_KEYS, client, user))
    except (OSError, KeyError, ValueError):
        fail(NOT_HERE, as_json)
