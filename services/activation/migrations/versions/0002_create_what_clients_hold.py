"""Creates what a client's users are managed with: invitations, reductions, links, disconnections; and the history."""

from alembic import op

revision = "activation_0002"
down_revision = "activation_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table activations
  add column access_version bigint not null default 0,
  add column configured_by_sub text,
  add column configured_by_name text,
  add column configured_at timestamptz,
  add column due_at timestamptz,
  add column reminded_on date;
create index activations_due on activations (due_at) where due_at is not null;

alter table licences
  add column grace_until timestamptz,
  add column low_told boolean not null default false;

create table invitations (
  client_id uuid not null,
  user_id uuid not null,
  invitation_id uuid not null unique,
  state text not null check (state in ('open', 'accepted', 'withdrawn', 'expired')),
  generation int not null,
  mailing int not null,
  kid text not null,
  invited_by_sub text not null,
  invited_by_name text not null,
  expires_at timestamptz not null,
  resends_on text not null,
  primary key (client_id, user_id)
);

create table reductions (
  client_id uuid not null,
  reduction_id uuid not null,
  program text not null,
  count int not null check (count between 0 and 9999),
  effective_at timestamptz not null,
  reason text not null,
  by_source boolean not null,
  request_id uuid,
  rises boolean not null,
  primary key (client_id, reduction_id)
);

create table licence_requests (
  client_id uuid not null,
  request_id uuid not null,
  place bigint generated always as identity,
  by_source boolean not null,
  by_id text not null,
  counts jsonb not null,
  effective_at timestamptz,
  reason text,
  primary key (client_id, request_id)
);

create table restorations (
  client_id uuid primary key,
  sub text not null,
  reason text not null,
  by_sub text not null,
  at timestamptz not null
);

create table kyc_confirmations (
  client_id uuid primary key,
  by_sub text not null,
  at timestamptz not null
);

create table links (
  client_id uuid not null,
  sub text not null,
  primary key (client_id, sub)
);
create index links_sub on links (sub, client_id);

create table disconnections (
  client_id uuid primary key,
  disconnection_id uuid not null,
  generation int not null,
  kid text not null,
  by_sub text not null,
  by_name text not null,
  expires_at timestamptz not null
);

alter table consultants add column leaving boolean not null default false;
create table release_counts (
  agency text primary key,
  released bigint not null
);
create table removals (
  agency text not null,
  request_id uuid not null,
  place bigint generated always as identity,
  sub text not null,
  put_off_until timestamptz,
  primary key (agency, request_id)
);

create table hidden_entries (
  agency text not null,
  sub text not null,
  client_id uuid not null,
  primary key (agency, sub, client_id)
);

create table history (
  history_id bigint generated always as identity primary key,
  client_id uuid not null,
  agency text not null,
  at timestamptz not null,
  act text not null,
  by_sub text not null,
  acting_as text not null check (acting_as in ('consultant', 'client_user', 'operator', 'aktivera', 'onboarding')),
  correlation_id text not null,
  refused text,
  reason text,
  kind text not null,
  user_id uuid,
  program text,
  part text,
  before jsonb,
  after jsonb,
  own boolean not null,
  access_version bigint not null
);
create index history_client on history (client_id, history_id);
create index history_access on history (client_id, access_version, history_id)
  where kind in ('licence', 'permission', 'program_administrator', 'system_administrator');
create index history_user on history (client_id, user_id, history_id) where user_id is not null;

create table history_contacts (
  history_id bigint primary key,
  client_id uuid not null,
  before jsonb not null,
  after jsonb not null
);
create index history_contacts_client on history_contacts (client_id);
""")
    # The history is only ever added to: what the service logs in as loses the right to change it, whatever it is
    # called here; and where owner and login are one, a trigger refuses.
    op.execute("""
do $$
declare login text;
begin
  for login in
    select distinct grantee from information_schema.role_table_grants
     where table_schema = 'public' and table_name = 'history' and grantee <> current_user
  loop
    execute format('revoke update, delete, truncate on history from %I', login);
  end loop;
end $$;
create function history_stays() returns trigger language plpgsql as $$
begin
  raise exception 'the history is only added to' using errcode = 'insufficient_privilege';
end $$;
create trigger history_stays before update or delete or truncate on history
  for each statement execute function history_stays();
""")
