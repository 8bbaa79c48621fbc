"""Every metric of a service, by name. Counted per batch, never per event."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

EVENTS = Counter("aktivera_events", "Events by what became of them", ["topic", "outcome"], registry=REGISTRY)
BATCH_EVENTS = Histogram(
    "aktivera_batch_events", "Events in a batch", registry=REGISTRY, buckets=(1, 10, 50, 100, 500, 1000, 2000, 5000)
)
BATCH_SECONDS = Histogram("aktivera_batch_seconds", "Time from batch to commit", registry=REGISTRY, buckets=SECONDS)
LAG_SECONDS = Gauge("aktivera_lag_seconds", "Age of the oldest event of the last batch", ["topic"], registry=REGISTRY)
END_TO_END_SECONDS = Histogram(
    "aktivera_end_to_end_seconds", "The slowest of a batch: event to effect", registry=REGISTRY, buckets=SECONDS
)
HELD = Gauge("aktivera_held_events", "Held events that wait", registry=REGISTRY)
HELD_AGE_SECONDS = Gauge("aktivera_held_age_seconds", "Age of the oldest held event", registry=REGISTRY)
RETRIES = Counter("aktivera_transient_failures", "Times work had to wait", ["where"], registry=REGISTRY)
RELAYED = Counter("aktivera_relayed_events", "Events sent and removed from the outbox", registry=REGISTRY)
OUTBOX = Gauge("aktivera_outbox_events", "Unpublished events", registry=REGISTRY)
OUTBOX_AGE_SECONDS = Gauge("aktivera_outbox_age_seconds", "Age of the oldest unpublished event", registry=REGISTRY)
UNREAD = Gauge("aktivera_unread_events", "Records that statistics have not read yet", registry=REGISTRY)
SAID = Counter(
    "aktivera_said_events",
    "Events said and committed, of the types whose kinds are told apart",
    ["type", "of"],
    registry=REGISTRY,
)


def exposition() -> bytes:
    """All metrics in the Prometheus text format."""
    return generate_latest(REGISTRY)
