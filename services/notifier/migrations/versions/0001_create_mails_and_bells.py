"""Creates mails, bells and what the notifier knows of agencies."""

from alembic import op

revision = "notifier_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table agencies (
  agency text primary key,
  name text,
  locale text not null default 'sv'
);

create table consultants (
  agency text not null,
  sub text not null,
  name text not null,
  email text not null,
  locale text not null,
  roles text[] not null,
  primary key (agency, sub)
);

create table bells (
  id uuid primary key,
  client_id uuid not null,
  agency text not null,
  kind text not null,
  cause_id text not null,
  client_name text not null,
  test boolean not null,
  audience text not null check (audience in ('creator', 'responsible', 'client_managers', 'user')),
  waiting boolean not null,
  correlation_id text not null,
  created_at timestamptz not null,
  handled_how text check (handled_how in ('activated', 'cancelled')),
  handled_by text,
  handled_at timestamptz,
  check ((handled_how is null) = (handled_at is null))
);
create unique index bells_once on bells (client_id, kind, cause_id);
create index bells_waiting on bells (agency, id) where waiting;
create index bells_correlation on bells (correlation_id);

create table bell_counters (
  agency text not null,
  sub text not null,
  last_seq bigint not null,
  primary key (agency, sub)
) with (fillfactor = 80);

create table notifications (
  id uuid primary key,
  bell_id uuid not null references bells (id),
  agency text not null,
  sub text not null,
  seq bigint not null,
  created_at timestamptz not null,
  seen_at timestamptz,
  read_at timestamptz,
  archived_at timestamptz,
  check (read_at is null or seen_at is not null)
);
create unique index notifications_once on notifications (bell_id, sub);
create unique index notifications_seq on notifications (agency, sub, seq);
create index notifications_unread on notifications (agency, sub) where read_at is null and archived_at is null;

create table emails (
  id uuid primary key,
  template text not null,
  cause_id text not null,
  recipient text not null,
  resend int not null default 0,
  client_id uuid not null,
  agency text not null,
  client_name text not null,
  locale text not null,
  test boolean not null,
  facts jsonb not null,
  requested_by text,
  correlation_id text not null,
  causation_id text,
  traceparent text,
  created_at timestamptz not null,
  state text not null default 'pending'
    check (state in ('pending', 'sending', 'transmitting', 'sent', 'retry', 'failed', 'unknown')),
  attempt int not null default 0,
  worker uuid,
  lease_until timestamptz,
  due_at timestamptz not null,
  content bytea,
  settled_at timestamptz,
  smtp_code int,
  reason text,
  check ((lease_until is not null) = (state in ('sending', 'transmitting'))),
  check ((settled_at is not null) = (state in ('sent', 'failed', 'unknown')))
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
create unique index emails_once on emails (template, cause_id, recipient, resend);
create index emails_due on emails (due_at, id) where state in ('pending', 'retry');
create index emails_leased on emails (lease_until) where state in ('sending', 'transmitting');
create index emails_agency on emails (agency, id);
create index emails_client on emails (client_id);
create index emails_correlation on emails (correlation_id);
""")
