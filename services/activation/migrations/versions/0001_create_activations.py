"""Creates activations, licences, users, grants, and what is known of agencies and consultants."""

from alembic import op

revision = "activation_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table activations (
  client_id uuid primary key,
  agency text not null,
  client_name text not null,
  status text not null check (status in ('pending', 'activated', 'configured', 'cancelled', 'disconnected')),
  origin text not null check (origin in ('wizard', 'api', 'csv', 'event', 'connected')),
  test boolean not null,
  program_access boolean not null,
  confirmation_email text not null,
  locale text not null,
  created_by_sub text,
  created_by_name text,
  responsible_consultant text,
  correlation_id text not null,
  version bigint not null,
  created_at timestamptz not null,
  listed_at timestamptz not null,
  activated_by_sub text,
  activated_by_name text,
  activated_at timestamptz,
  became_system_administrator boolean,
  cancelled_by_kind text check (cancelled_by_kind in ('user', 'source')),
  cancelled_by_id text,
  cancelled_by_name text,
  cancelled_at timestamptz,
  reason text,
  check ((status in ('activated', 'configured', 'disconnected')) = (activated_at is not null)),
  check ((status = 'cancelled') = (cancelled_at is not null)),
  check ((activated_at is null) = (activated_by_sub is null))
) with (fillfactor = 85);
create index activations_list on activations (agency, status, listed_at, client_id);
create index activations_correlation_id on activations (correlation_id);

create table licences (
  client_id uuid not null,
  program text not null,
  ordered int not null check (ordered between 0 and 9999),
  purchased int not null check (purchased between 0 and 9999),
  primary key (client_id, program)
);

create table users (
  client_id uuid not null,
  user_id uuid not null,
  kind text not null check (kind in ('client', 'consultant')),
  sub text,
  name text not null,
  email text,
  locale text not null,
  state text not null check (state in ('invited', 'active', 'disabled', 'removed')),
  logged_in_at timestamptz,
  primary key (client_id, user_id)
);
create unique index users_sub on users (sub, client_id) where sub is not null;

create table grants (
  client_id uuid not null,
  user_id uuid not null,
  kind text not null check (kind in ('licence', 'permission', 'program_administrator', 'system_administrator')),
  program text not null default '',
  part text not null default '',
  level text not null check (level in ('on', 'read', 'write')),
  until timestamptz,
  granted_at timestamptz not null,
  primary key (client_id, user_id, kind, program, part),
  foreign key (client_id, user_id) references users (client_id, user_id),
  check ((kind = 'system_administrator') = (program = '')),
  check ((kind = 'permission') = (part <> ''))
);

create table agencies (
  agency text primary key,
  name text,
  locale text not null,
  client_visibility text not null check (client_visibility in ('all', 'linked'))
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
""")
