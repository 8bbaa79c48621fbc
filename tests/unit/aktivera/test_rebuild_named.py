"""What the command says can be rebuilt is what can be."""

from typing import get_type_hints

import typer

from aktivera import STATISTICS
from aktivera.recovery_commands import rebuild
from services.activation.announce import PROJECTIONS as ACTIVATION
from services.notifier.projections import PROJECTIONS as NOTIFIER
from services.onboarding.announce import PROJECTIONS as ONBOARDING

KEPT = {"onboarding": ONBOARDING, "activation": ACTIVATION, "notifier": NOTIFIER}


def test_the_command_names_all_that_can_be_rebuilt() -> None:
    (argument,) = get_type_hints(rebuild, include_extras=True)["projection"].__metadata__
    assert isinstance(argument, typer.models.ArgumentInfo)
    can_be = [f"{service}.{each.name}" for service, kept in KEPT.items() for each in kept if each.clear is not None]
    assert argument.help == f"{', '.join(can_be)}, or {STATISTICS}."
