"""The topics: writer, readers, key and retention of each. Their prefix and number of partitions are settings."""

from dataclasses import dataclass

REQUESTS = "onboarding-requests"
RESULTS = "onboarding-results"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. A `per_source` topic has a twin `<name>-<slug>` for every further source."""

    name: str
    purpose: str
    key: str
    writer: str
    readers: tuple[str, ...]
    retention_days: int = 30
    per_source: bool = False


TOPICS = {
    topic.name: topic
    for topic in (
        Topic(
            REQUESTS,
            "What one upstream source asks for; the topic identifies the sender.",
            key="the sender's choice, may be null; external_ref keeps one client's requests in order",
            writer="source",
            readers=("onboarding",),
            retention_days=7,
            per_source=True,
        ),
        Topic(
            RESULTS,
            "What onboarding answers that source, and how far its clients have come.",
            key="the request's event id; null where it could not be read",
            writer="onboarding",
            readers=("source", "insights"),
            per_source=True,
        ),
        Topic(
            "agency-events",
            "Agencies and their consultants.",
            key="agency",
            writer="onboarding",
            readers=("activation", "notifier"),
        ),
        Topic(
            "client-events",
            "Clients, and what onboarding asks activation for.",
            key="client_id",
            writer="onboarding",
            readers=("activation", "notifier", "insights"),
        ),
        Topic(
            "activation-events",
            "Activations, licences, users, grants, hand-over and disconnection.",
            key="client_id; agency for consultant.released and consultant.release_refused",
            writer="activation",
            readers=("notifier", "onboarding", "insights"),
        ),
        Topic(
            "notification-events",
            "What became of mails and bells.",
            key="client_id",
            writer="notifier",
            readers=("insights", "notifier"),
        ),
    )
}


def requests_topic(slug: str | None = None) -> str:
    """The topic that a source sends requests to; None is the first, trusted source."""
    return REQUESTS if slug is None else f"{REQUESTS}-{slug}"


def results_topic(slug: str | None = None) -> str:
    """The topic that a source reads its answers from; None is the first, trusted source."""
    return RESULTS if slug is None else f"{RESULTS}-{slug}"
