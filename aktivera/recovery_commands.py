"""The commands for getting whole again: announce, offsets, rebuild, reconcile."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from aktivera import STATISTICS, reconciliation
from aktivera import recovery_wording as wording
from aktivera.recovery_client import RecoveryClient
from aktivera.terminal import Json, explained, fail, show, where
from aktivera.wording import moment

offsets = typer.Typer(help="How far each service has read, and where the log is not what it was.", no_args_is_help=True)

OWNERS = ("onboarding", "activation")

Service = Annotated[str, typer.Argument(help="onboarding, activation or notifier.")]
ForReal = Annotated[bool, typer.Option("--for-real", help="Not only said what would happen.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command()(announce)
    app.command()(rebuild)
    app.command()(reconcile)
    app.add_typer(offsets, name="offsets")


@contextmanager
def recovering(as_json: bool) -> Iterator[RecoveryClient]:
    """The services, to be made whole; what goes wrong is explained."""
    place = where(as_json)
    with explained(as_json), RecoveryClient(place) as services:
        yield services


def announce(  # one option a choice
    service: Annotated[str, typer.Argument(help="onboarding or activation: what the notifier has nobody keeps.")],
    ids: Annotated[list[str] | None, typer.Argument(help="Agencies or clients; without any: all.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind: agency, client or activation.")] = None,
    raise_versions: Annotated[
        bool, typer.Option("--after-restore", help="Leave out versions that were said before a restore.")
    ] = False,
    for_real: ForReal = False,
    as_json: Json = False,
) -> None:
    """Have a service say again what it owns, so that readers catch up. Nothing is applied or mailed twice by it."""
    if service not in OWNERS:
        fail(f"{service} has nothing to announce; {' and '.join(OWNERS)} have", as_json)
    with recovering(as_json) as services:
        answer = services.announce(service, ids or (), kind=kind, raise_versions=raise_versions, dry_run=not for_real)
    show(answer, as_json, wording.announce_lines(service, answer))
    if answer["unknown"]:
        raise typer.Exit(1)


def rebuild(
    projection: Annotated[
        str, typer.Argument(help="onboarding.activations, activation.agencies, notifier.agencies, or insights.")
    ],
    for_real: ForReal = False,
    as_json: Json = False,
) -> None:
    """Forget what a service keeps of another's, and have it announced; insights reads the topics again."""
    with recovering(as_json) as services:
        if projection == STATISTICS:
            _rebuild_statistics(services, for_real, as_json)
            return
        try:
            answer = reconciliation.rebuild(services, projection, dry_run=not for_real)
        except KeyError as names:
            fail(f"{projection} cannot be rebuilt; there are {names.args[0]}, {STATISTICS}", as_json)
    show(answer, as_json, wording.rebuild_lines(answer))


def _rebuild_statistics(services: RecoveryClient, for_real: bool, as_json: bool) -> None:
    answer = services.rebuild_statistics(dry_run=not for_real)
    word = f"{'is' if for_real else 'would be'} read again, from {moment(answer['since'])}"
    lines = [f"what was counted {word}; until that is done, counts are too low"]
    show(answer, as_json, lines + wording.tried(not for_real))


def reconcile(for_real: ForReal = False, as_json: Json = False) -> None:
    """Compare what each service owns with what the others keep of it. Exits 1 where they differ.

    With --for-real the owners announce what that mends, and it exits 1 where something needs a person.
    What is on its way at this moment counts as behind.
    """
    with recovering(as_json) as services:
        found = reconciliation.differences(services)
        if for_real:
            reconciliation.heal(services, found)
    lines = wording.difference_lines(found) + wording.mending_lines(found, for_real=for_real)
    show([asdict(each) for each in found], as_json, lines)
    if any(each.needs_a_person if for_real else each.any for each in found):
        raise typer.Exit(1)


@offsets.command("show")
def show_offsets(service: Service, as_json: Json = False) -> None:
    """Show each partition: handled up to, what the log holds, what does not fit. Exits 1 where something does not."""
    _with_offsets(service, as_json)
    with recovering(as_json) as services:
        rows = services.offsets(service)
    show(rows, as_json, wording.offset_lines(rows))
    if any(row["fact"] for row in rows):
        raise typer.Exit(1)


@offsets.command()
def accept(  # one option a choice
    service: Service,
    topic: Annotated[str, typer.Argument(help="Such as client-events.")],
    *,
    partition: Annotated[int | None, typer.Argument(help="Only this one.")] = None,
    reason: Annotated[str, typer.Option(help="Why, 3 to 500 characters; kept with who and when.")],
    for_real: ForReal = False,
    as_json: Json = False,
) -> None:
    """Let a service read on where its topic was recreated or cut. Offsets that fit stay as they are."""
    _with_offsets(service, as_json)
    with recovering(as_json) as services:
        answer = services.accept(service, topic, partition, reason, dry_run=not for_real)
        if partition is not None and not answer["items"]:
            wrong = wording.no_partition(topic, partition, services.offsets(service))
            if wrong is not None:
                fail(wrong, as_json)
    show(answer, as_json, wording.accept_lines(answer))


def _with_offsets(service: str, as_json: bool) -> None:
    if service == STATISTICS:
        fail(f"{service} keeps no offsets: aktivera rebuild {service} has it read the topics again", as_json)
