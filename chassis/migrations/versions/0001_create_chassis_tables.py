"""Creates what the chassis keeps in each service's database."""

from alembic import op

revision = "chassis_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table outbox (
  id bigint generated always as identity primary key,
  event_id uuid not null,
  topic text not null,
  key text,
  aggregate_id text not null,
  version bigint,
  headers jsonb not null,
  payload bytea not null check (octet_length(payload) <= 900000),
  created_at timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

create table relay_lease (
  name text primary key,
  owner uuid,
  epoch bigint not null default 0,
  until timestamptz not null default '-infinity'
);
insert into relay_lease (name) values ('outbox');

create table consumer_offsets (
  topic text not null,
  partition int not null,
  next_offset bigint not null,
  last_event_id text not null,
  primary key (topic, partition)
);

create table seen_versions (
  producer text not null,
  aggregate_id text not null,
  version bigint not null,
  event_id text not null,
  primary key (producer, aggregate_id)
) with (fillfactor = 90);

create table held_keys (
  topic text not null,
  key text not null,
  retry_at timestamptz,
  primary key (topic, key)
);
create index held_keys_due on held_keys (retry_at) where retry_at is not null;

create table held_events (
  id bigint generated always as identity primary key,
  topic text not null,
  key text not null,
  partition int not null,
  kafka_offset bigint not null,
  version bigint,
  event_id text not null,
  event_type text,
  correlation_id text,
  sealed bytea not null,
  reason text not null,
  detail text not null,
  attempts int not null,
  held_at timestamptz not null,
  settled_at timestamptz,
  settled_how text check (settled_how in ('retried', 'repeated', 'discarded')),
  settled_by text,
  settled_reason text,
  check ((settled_at is null) = (settled_how is null))
);
create unique index held_events_place on held_events (topic, partition, kafka_offset) where settled_at is null;
create index held_events_open on held_events (topic, key, id) where settled_at is null;
create index held_events_settled on held_events (settled_at) where settled_at is not null;

create table idempotency_keys (
  scope text not null,
  key text not null,
  digest bytea not null,
  status int not null,
  body jsonb not null,
  created_at timestamptz not null,
  primary key (scope, key)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);

create table jobs (
  name text primary key,
  last_run_at timestamptz not null,
  last_done bigint not null,
  last_error text
);
""")
