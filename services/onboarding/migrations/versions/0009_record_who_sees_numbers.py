"""Records who saw a number whole, or tried to."""

from alembic import op

revision = "onboarding_0009"
down_revision = "onboarding_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table identity_reveals (
  id bigint generated always as identity primary key,
  client_id uuid not null,
  agency text not null,
  by_agency text not null,
  by_sub text not null,
  reason text,
  refused text,
  correlation_id text not null,
  at timestamptz not null
);
create index identity_reveals_client on identity_reveals (client_id, id);
create index identity_reveals_caller on identity_reveals (by_agency, by_sub, at);
""")
    # Only ever added to: the service's login loses the right, and where owner and login are one a trigger refuses.
    op.execute("""
do $$
declare login text;
begin
  for login in
    select distinct grantee from information_schema.role_table_grants
     where table_schema = 'public' and table_name = 'identity_reveals' and grantee <> current_user
  loop
    execute format('revoke update, delete, truncate on identity_reveals from %I', login);
  end loop;
end $$;
create function identity_reveals_stay() returns trigger language plpgsql as $$
begin
  raise exception 'the record of reveals is only added to' using errcode = 'insufficient_privilege';
end $$;
create trigger identity_reveals_stay before update or delete or truncate on identity_reveals
  for each statement execute function identity_reveals_stay();
""")
