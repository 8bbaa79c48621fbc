"""What every command shares: where the services are, how an answer is shown, and one line in place of a traceback."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import httpx
import typer
from typer.core import TyperGroup

from aktivera.addresses import Addresses, NothingRuns, addresses
from aktivera.operator_client import OperatorClient, Refused, ServiceUnknown
from aktivera.wording import refusal_lines

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


class Interruptible(TyperGroup):
    """Ctrl-C ends any command with one line and exit code 130."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as end:
            typer.echo(": ".join(["interrupted", *state_of(end)]), err=True)
            raise typer.Exit(130) from None


def state_of(end: BaseException) -> list[str]:
    """In what state things are, where what ended the command says so."""
    return getattr(end, "__notes__", [])


def where(as_json: bool = False) -> Addresses:
    """The addresses, or the end of the command."""
    try:
        return addresses()
    except NothingRuns as fact:
        fail(str(fact), as_json)


def show(content: Any, as_json: bool, lines: Sequence[str]) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2) if as_json else "\n".join(lines))


def fail(line: str, as_json: bool = False, problem: dict[str, Any] | None = None) -> NoReturn:
    """Ends the command with exit code 1 and what is wrong: on stderr, or with --json as an object with `error`."""
    if as_json:
        show({"error": problem or {"detail_en": line}}, True, [])
    else:
        typer.echo(line, err=True)
    raise typer.Exit(1) from None


@contextmanager
def explained(as_json: bool = False) -> Iterator[None]:
    """Ends the command with what is wrong instead of a traceback where a service is away or refuses."""
    try:
        yield
    except Refused as refusal:
        fail("\n".join(refusal_lines(refusal.problem)), as_json, refusal.problem)
    except ServiceUnknown as fact:
        fail(str(fact), as_json)
    except OSError as error:
        fail(f"the signing key cannot be read: {error.filename}; set AKTIVERA_SIGNING_KEY_FILE", as_json)
    except httpx.HTTPError as error:
        fail(f"no answer: {type(error).__name__}; is the stack up? (make up, aktivera status)", as_json)


@contextmanager
def asking(as_json: bool) -> Iterator[OperatorClient]:
    """The services, to be asked as an operator; what goes wrong is explained."""
    place = where(as_json)
    with explained(as_json), OperatorClient(place) as services:
        yield services
