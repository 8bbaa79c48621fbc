"""Adds what a source may send and whether it is read, and keeps what operators do with sources."""

from alembic import op

revision = "onboarding_0004"
down_revision = "onboarding_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table sources
  add column may text[] not null default '{requested,cancellation,licences}',
  add column state text not null default 'active' check (state in ('active', 'paused', 'removed')),
  add column added_at timestamptz not null default now();

create table source_acts (
  id bigint generated always as identity primary key,
  source text not null references sources,
  at timestamptz not null,
  what text not null,
  by text not null,
  detail jsonb not null
);
create index source_acts_source on source_acts (source, id);
""")
    # Only ever added to: the service's login loses the right, and where owner and login are one a trigger refuses.
    op.execute("""
do $$
declare login text;
begin
  for login in
    select distinct grantee from information_schema.role_table_grants
     where table_schema = 'public' and table_name = 'source_acts' and grantee <> current_user
  loop
    execute format('revoke update, delete, truncate on source_acts from %I', login);
  end loop;
end $$;
create function source_acts_stay() returns trigger language plpgsql as $$
begin
  raise exception 'acts on sources are only added to' using errcode = 'insufficient_privilege';
end $$;
create trigger source_acts_stay before update or delete or truncate on source_acts
  for each statement execute function source_acts_stay();
""")
