"""The onboarding service: `python -m services.onboarding`."""

if __name__ == "__main__":  # the other imports take a second
    from chassis.early_end import end_at_once_when_told

    end_at_once_when_told()

from pathlib import Path

from chassis.handling import Subscription
from chassis.lifecycle import main
from chassis.service import Service
from schemas.catalogue import CATALOGUE
from services.onboarding import __doc__ as description
from services.onboarding import intake, vault
from services.onboarding.announce import ANNOUNCERS, PROJECTIONS
from services.onboarding.following import FOLLOWED
from services.onboarding.jobs import JOBS
from services.onboarding.settings import OnboardingSettings
from services.onboarding.trace import trace
from services.onboarding.web import (
    agencies,
    changes,
    clients,
    drafts,
    erasure,
    imports,
    intake_key,
    master_keys,
    programs,
    questions,
    refused_tries,
    removals,
    requests,
    reveals,
    sources,
)
from services.onboarding.web.harmless import guarded

SERVICE = Service(
    name="onboarding",
    description=description or "",
    settings=OnboardingSettings,
    catalogue=CATALOGUE,
    migrations=Path(__file__).parent / "migrations",
    subscriptions=(
        intake.subscription(),
        Subscription("activation-events", FOLLOWED, producer="activation"),
    ),
    further=intake.further,
    routers=(
        intake_key.router,  # for everybody, and before the requests of sources
        guarded(
            drafts.router,
            imports.router,  # before a client's own routes: `imports` is no client's id
            clients.router,
            programs.router,
            changes.router,
            questions.router,
            agencies.router,
            removals.router,
            master_keys.router,
            requests.router,
            reveals.router,
            erasure.router,
            refused_tries.router,
            sources.router,
        ),
    ),
    largest_bodies=imports.LARGEST_BODIES,
    jobs=lambda _settings: JOBS,
    announcers=ANNOUNCERS,
    projections=PROJECTIONS,
    trace=trace,
    check=vault.check,
    check_stored=vault.check_stored,
)

if __name__ == "__main__":
    main(SERVICE)
