"""Creates what onboarding owns: agencies, consultants, sources, clients, requests and the vault."""

from alembic import op

revision = "onboarding_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table agencies (
  agency text primary key,
  version bigint not null,
  name text not null,
  locale text not null check (locale in ('sv', 'en')),
  client_visibility text not null check (client_visibility in ('all', 'linked'))
);

create table consultants (
  agency text not null references agencies,
  sub text not null,
  name text not null,
  email text not null,
  locale text not null check (locale in ('sv', 'en')),
  roles text[] not null,
  primary key (agency, sub)
);

create table sources (
  source text primary key,
  slug text unique nulls not distinct,
  topic text not null unique,
  results_topic text not null,
  agencies text[],
  test boolean not null default false
);
insert into sources (source, topic, results_topic)
values ('/upstream/demo', 'onboarding-requests', 'onboarding-results');

create table clients (
  client_id uuid primary key,
  version bigint not null,
  agency text not null,
  status text not null check (status in
    ('submitted', 'listed', 'active', 'disconnecting', 'disconnected', 'cancelled', 'erased')),
  live boolean not null generated always as (status not in ('cancelled', 'disconnected', 'erased')) stored,
  name text not null,
  name_key text not null,
  identity_kind text not null check (identity_kind in ('organisation', 'sole_trader', 'association_without_orgnr')),
  org_number text,
  identity_index bytea,
  identity_mask text not null,
  responsible_person text,
  protected_identity boolean not null,
  street text,
  postal_code text,
  city text,
  country text,
  program_access boolean not null,
  invoice_recipient text not null,
  invoice_interval text not null,
  counts jsonb not null,
  confirmation_email text not null,
  locale text not null,
  origin text not null,
  test boolean not null,
  external_ref text,
  responsible_consultant text,
  administrators jsonb,
  confirmed_duplicate boolean not null,
  created_by_sub text,
  created_by_name text,
  created_at timestamptz not null,
  correlation_id text not null,
  source text,
  request_id text,
  listed_at timestamptz,
  activated_at timestamptz,
  configured_at timestamptz,
  cancelled_at timestamptz,
  check ((identity_kind = 'organisation') = (org_number is not null)),
  check ((source is null) = (request_id is null))
) with (fillfactor = 85);
create unique index clients_org_number on clients (org_number) where live and org_number is not null;
create unique index clients_sole_trader on clients (identity_index) where live and identity_kind = 'sole_trader';
create unique index clients_association on clients (agency, identity_index, name_key)
  where live and identity_kind = 'association_without_orgnr' and not confirmed_duplicate;
create index clients_identity_index on clients (identity_index) where live and identity_index is not null;
create unique index clients_source_ref on clients (source, external_ref)
  where live and source is not null and external_ref is not null;
create unique index clients_agency_ref on clients (agency, external_ref)
  where live and source is null and external_ref is not null;
create index clients_agency on clients (agency, client_id);
create index clients_correlation_id on clients (correlation_id);

create table requests (
  source text not null,
  request_id text not null,
  digest bytea not null,
  correlation_id text not null,
  results_topic text not null,
  agency text,
  external_ref text,
  received_at timestamptz not null,
  client_id uuid,
  command_id uuid,
  code text,
  errors jsonb,
  retryable boolean not null,
  refused_by_client uuid,
  primary key (source, request_id),
  check ((client_id is null) <> (code is null))
);
create index requests_commands on requests (client_id) where command_id is not null;
create index requests_received_at on requests (received_at);
create index requests_correlation_id on requests (correlation_id);

create table vault (
  client_id uuid primary key references clients,
  master_key_id text not null,
  wrapped_key bytea not null,
  sealed bytea not null
);
""")
