"""Insights: `python -m services.insights`."""

if __name__ == "__main__":  # the other imports take a second
    from chassis.early_end import end_at_once_when_told

    end_at_once_when_told()

from datetime import timedelta

from chassis.clock import system_clock
from chassis.settings import CommonSettings
from chassis.stateless import StatelessService, main
from services.insights import __doc__ as description
from services.insights.counting import Statistics
from services.insights.reading import LOOP, read_statistics
from services.insights.settings import InsightsSettings
from services.insights.web import ROUTERS


def kept(_common: CommonSettings, settings: InsightsSettings) -> Statistics:
    """The state at a start: empty."""
    return Statistics(timedelta(hours=settings.kept_hours), system_clock)


SERVICE = StatelessService(
    name="insights",
    description=description or "",
    settings=InsightsSettings,
    open=kept,
    routers=ROUTERS,
    loops={LOOP: read_statistics},
)

if __name__ == "__main__":
    main(SERVICE)
