"""The `mail` commands: find mails, see one's way, try one again; hold all back, release them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from aktivera import mail_wording as wording
from aktivera.mail_client import MailClient
from aktivera.recovery_commands import ForReal
from aktivera.terminal import Json, explained, fail, show, where
from chassis.clock import system_clock

app = typer.Typer(help="Find mails, see one's way, try one again; hold all back, release them.", no_args_is_help=True)

Why = Annotated[str, typer.Option(help="Why; kept with it.")]
MOST_HOURS = 24 * 366 * 100
"""Further back there is no mail, and before the year 1 no date."""
MailId = Annotated[UUID, typer.Argument(help="The ID that `mail list` shows.")]


@contextmanager
def mailing(as_json: bool) -> Iterator[MailClient]:
    """The notifier, to be asked of mails; what goes wrong is explained."""
    place = where(as_json)
    with explained(as_json), MailClient(place) as services:
        yield services


@app.command("list")
def list_mail(  # noqa: PLR0913, PLR0917  # one option a choice
    state: Annotated[str | None, typer.Option(help="pending, retry, failed, unknown, sent, ...")] = None,
    agency: Annotated[str | None, typer.Option(help="Only this agency's.")] = None,
    client: Annotated[UUID | None, typer.Option(help="Only this client's.")] = None,
    template: Annotated[str | None, typer.Option(help="Only these: confirmation, invitation, reminder, ...")] = None,
    older_than: Annotated[
        float | None, typer.Option(help="Only those queued more hours ago.", min=0, max=MOST_HOURS)
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=5000)] = 50,
    would_send: Annotated[
        bool, typer.Option("--would-send", help="In place of all this: each mail that waits, with its Message-ID.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say whether mails are held, and list them, newest first. Without --state: those that were not sent."""
    named = {"state": state, "agency": agency, "client_id": client, "template": template}
    wanted = {name: str(value) for name, value in named.items() if value is not None}
    if older_than is not None:
        wanted["queued_before"] = (system_clock() - timedelta(hours=older_than)).isoformat()
    if would_send and wanted:
        fail("--would-send is of all mails that wait; leave the other options out", as_json)
    with mailing(as_json) as services:
        answer = services.gate() if would_send else services.gate(1)
        if not would_send:
            answer["items"], answer["more"] = services.mails(wanted, limit)
    lines = wording.would_send_lines(answer) if would_send else wording.list_lines(answer, not_sent=state is None)
    show(answer, as_json, lines)


@app.command("show")
def show_mail(mail: MailId, as_json: Json = False) -> None:
    """Show one mail: what it is about, its way, its Message-ID, and what else was sent of it. Never its content."""
    with mailing(as_json) as services:
        answer = services.one(str(mail))
    show(answer, as_json, wording.show_lines(answer))


@app.command()
def retry(
    mail: MailId,
    reason: Annotated[str, typer.Option(help="Why, 3 to 500 characters; kept with a mail that is sent again.")],
    for_real: ForReal = False,
    as_json: Json = False,
) -> None:
    """Try a mail that waits at once. One with an outcome is sent again: a new, counted mail.

    A mail in unknown may have arrived: ask, or look at the mail server's log first.
    """
    with mailing(as_json) as services:
        answer = services.try_again(str(mail), reason, dry_run=not for_real)
    show(answer, as_json, wording.retry_lines(answer))


@app.command()
def hold(why: Why = "", for_real: ForReal = False, as_json: Json = False) -> None:
    """Send no mail until they are released. Held already: the time stays, and without --why the reason too."""
    with mailing(as_json) as services:
        answer = services.hold(why, dry_run=not for_real)
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
    with mailing(as_json) as services:
        answer = services.release(why, "all" if none else named, dry_run=not for_real)
    show(answer, as_json, wording.release_lines(answer))
