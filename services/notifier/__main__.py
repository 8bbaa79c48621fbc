"""The notifier: `python -m services.notifier`."""

if __name__ == "__main__":  # the other imports take a second
    from chassis.early_end import end_at_once_when_told

    end_at_once_when_told()

from datetime import timedelta
from pathlib import Path

from chassis.jobs import Job
from chassis.lifecycle import main
from chassis.service import Service
from schemas.catalogue import CATALOGUE
from services.notifier import __doc__ as description
from services.notifier.delivery import LOOP, deliver_mails
from services.notifier.gauges import gauge
from services.notifier.handlers import SUBSCRIPTIONS
from services.notifier.listening import LOOP as EARS
from services.notifier.listening import hear_pokes
from services.notifier.opening import LOOP as GATE
from services.notifier.opening import open_new_gate
from services.notifier.projections import PROJECTIONS
from services.notifier.settings import NotifierSettings
from services.notifier.store.erasure import blank_late
from services.notifier.store.gate import standing
from services.notifier.store.retention import forget_old
from services.notifier.store.steps import trace
from services.notifier.web import ROUTERS


def check(settings: NotifierSettings) -> None:
    """Raises ValueError, OSError where the keys of links cannot be read."""
    _ = settings.link_keys


SERVICE = Service(
    name="notifier",
    description=description or "",
    settings=NotifierSettings,
    catalogue=CATALOGUE,
    migrations=Path(__file__).parent / "migrations",
    subscriptions=SUBSCRIPTIONS,
    routers=ROUTERS,
    jobs=lambda _settings: (
        Job("blank-erased", timedelta(minutes=1), blank_late),
        Job("forget-old-notifications", timedelta(hours=1), forget_old),
    ),
    loops={LOOP: deliver_mails, GATE: open_new_gate, EARS: hear_pokes},
    projections=PROJECTIONS,
    trace=trace,
    standing=standing,
    check=check,
    gauges=gauge,
)

if __name__ == "__main__":
    main(SERVICE)
