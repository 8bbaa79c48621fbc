"""One invented mail of each template, to be looked at and tested: nobody in them exists, their codes open nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.link_keys import LinkKeys
from schemas.notification import Template
from schemas.values import Locale
from services.notifier.store.deliveries import Claimed
from services.notifier.wording import Links

_CLIENT = UUID("00000000-0000-7000-8000-000000000001")
_OTHER = "00000000-0000-7000-8000-000000000002"
_KARIN = {"sub": "karin", "name": "Karin Ek"}
_CODE = {"kid": "sample", "generation": 1, "expires_at": "2026-03-09T09:00:00+00:00"}

_FACTS: Mapping[Template, Mapping[str, Any]] = {
    "confirmation": {"program_access": True, "counts": {"bookkeeping": 2, "invoicing": 1}},
    "invitation": {"name": "Lisa Lind", "by": _KARIN, "invitation_id": _OTHER, **_CODE},
    "reminder": {
        "name": "Karin Ek",
        "pending_since": "2026-02-23T08:00:00+00:00",
        "day": "2026-03-02",
        "why": "responsible",
    },
    "over_assigned": {
        "name": "Lisa Lind",
        "program": "bookkeeping",
        "purchased": 2,
        "assigned": 3,
        "reserved": 1,
        "grace_until": "2026-04-01T08:00:00+00:00",
    },
    "handover": {"name": "Karin Ek", "by": {"sub": "erik", "name": "Erik Berg"}},
    "disconnection": {"name": "Lisa Lind", "by": _KARIN, "disconnection_id": _OTHER, "user_id": _OTHER, **_CODE},
}

TEMPLATES: tuple[Template, ...] = tuple(_FACTS)


def sample(template: Template, locale: Locale, **changes: Any) -> Claimed:
    """The invented mail, its facts changed where `changes` says so."""
    return Claimed(
        id=_CLIENT,
        attempt=1,
        template=template,
        cause_id=str(_CLIENT),
        recipient="anna@example.se",
        resend=0,
        client_id=_CLIENT,
        client_name="Exempelbolaget AB",
        agency="exempelbyran",
        agency_name="Exempelbyrån",
        locale=locale,
        test=False,
        facts={**_FACTS[template], **changes},
        created_at=datetime(2026, 3, 2, 8, tzinfo=UTC),
        content=None,
        superseded=False,
    )


def sample_links(console_url: str | None) -> Links:
    """Links with a key that nothing is sealed with."""
    return Links(console_url, LinkKeys("sample", {"sample": bytes(32)}))
