"""The `mail` commands: hold mails back, see what would be sent, release."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from aktivera import mail_wording as wording
from aktivera.recovery_commands import ForReal, recovering
from aktivera.terminal import Json, fail, show

app = typer.Typer(help="Hold mails back, see what would be sent, release.", no_args_is_help=True)

Why = Annotated[str, typer.Option(help="Why; kept with it.")]


@app.command("list")
def list_mail(
    would_send: Annotated[bool, typer.Option("--would-send", help="Each mail that waits.")] = False,
    as_json: Json = False,
) -> None:
    """Say whether mails are held, and what would be sent."""
    with recovering(as_json) as services:
        answer = services.mail()
    show(answer, as_json, wording.would_send_lines(answer) if would_send else wording.mail_lines(answer))


@app.command()
def hold(why: Why = "", for_real: ForReal = False, as_json: Json = False) -> None:
    """Send no mail until they are released. Held already: the time stays, and without --why the reason too."""
    with recovering(as_json) as services:
        answer = services.hold_mails(why, dry_run=not for_real)
    show(answer, as_json, wording.hold_lines(answer))


@app.command()
def release(  # one option a choice
    but: Annotated[list[str] | None, typer.Option("--but", help="Not this mail: it counts as unknown. Repeat.")] = None,
    but_file: Annotated[Path | None, typer.Option("--but-file", help="The same, a file with an id a line.")] = None,
    none: Annotated[bool, typer.Option("--none", help="Send none of them: all count as unknown.")] = False,
    why: Why = "",
    for_real: ForReal = False,
    as_json: Json = False,
) -> None:
    """Send what waits. Mails that the topic says were sent are not sent again."""
    named = list(but or ())
    if but_file is not None:
        try:
            named += but_file.read_text("utf-8").split()
        except (OSError, UnicodeError) as error:
            fail(f"{but_file} cannot be read: {error}", as_json)
    if none and named:
        fail("--none is without --but and --but-file: no mail goes out by it", as_json)
    for each in named:
        try:
            UUID(each)
        except ValueError:
            fail(f"{each} is no mail's id; aktivera mail list --would-send shows them", as_json)
    with recovering(as_json) as services:
        answer = services.release_mails(why, "all" if none else named, dry_run=not for_real)
    show(answer, as_json, wording.release_lines(answer))
