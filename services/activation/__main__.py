"""The activation service: `python -m services.activation`."""

if __name__ == "__main__":  # the other imports take a second
    from chassis.early_end import end_at_once_when_told

    end_at_once_when_told()

from pathlib import Path

from chassis.handling import Subscription
from chassis.lifecycle import main
from chassis.service import Service
from schemas.catalogue import CATALOGUE
from services.activation import __doc__ as description
from services.activation.announce import ANNOUNCERS, PROJECTIONS
from services.activation.handlers import ACTIVATIONS, AGENCIES
from services.activation.jobs import jobs
from services.activation.settings import ActivationSettings
from services.activation.trace import trace
from services.activation.web import ROUTERS


def check(settings: ActivationSettings) -> None:
    """Raises ValueError, OSError where the keys of links cannot be read."""
    _ = settings.link_keys


SERVICE = Service(
    name="activation",
    description=description or "",
    settings=ActivationSettings,
    catalogue=CATALOGUE,
    migrations=Path(__file__).parent / "migrations",
    subscriptions=(
        Subscription("client-events", ACTIVATIONS, producer="onboarding"),
        Subscription("agency-events", AGENCIES, producer="onboarding"),
    ),
    routers=ROUTERS,
    jobs=jobs,
    check=check,
    announcers=ANNOUNCERS,
    projections=PROJECTIONS,
    trace=trace,
)

if __name__ == "__main__":
    main(SERVICE)
