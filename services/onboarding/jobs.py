"""What onboarding does by itself: old requests and drafts go."""

from datetime import timedelta

from chassis.jobs import Job
from services.onboarding.store import drafts
from services.onboarding.store.requests import forget_old

JOBS = (
    Job("forget-requests", timedelta(hours=1), forget_old),
    Job("expire-drafts", timedelta(minutes=10), drafts.expire),
    Job("forget-drafts", timedelta(hours=1), drafts.forget_ended),
)
