"""What onboarding does by itself: files of new clients are worked off; old requests, drafts and imports go."""

from datetime import timedelta

from chassis.jobs import Job
from services.onboarding.importing import work_off
from services.onboarding.store import drafts, imports, look_ups, refused_tries
from services.onboarding.store.requests import forget_old

JOBS = (
    Job("work-off-imports", timedelta(seconds=2), work_off),
    Job("forget-requests", timedelta(hours=1), forget_old),
    Job("expire-drafts", timedelta(minutes=10), drafts.expire),
    Job("forget-drafts", timedelta(hours=1), drafts.forget_ended),
    Job("forget-imports", timedelta(hours=1), imports.forget_finished),
    Job("forget-look-ups", timedelta(hours=1), look_ups.forget_old),
    Job("forget-refused-tries", timedelta(hours=1), refused_tries.forget_old),
)
