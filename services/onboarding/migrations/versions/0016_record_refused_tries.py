"""Records what people tried to change and were refused."""

from alembic import op

revision = "onboarding_0016"
down_revision = "onboarding_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table refused_tries (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  by_agency text not null,
  by_sub text not null,
  act text not null,
  client_id uuid,
  refused text not null,
  correlation_id text not null
);
create index refused_tries_caller on refused_tries (by_agency, by_sub, at);
create index refused_tries_agency on refused_tries (by_agency, id);
create index refused_tries_client on refused_tries (client_id, id) where client_id is not null;
create index refused_tries_correlation on refused_tries (correlation_id);
create index refused_tries_at on refused_tries (at);
""")
    # Only ever added to, until an entry is a year old: of younger ones a trigger lets nobody take or change any.
    op.execute("""
do $$
declare login text;
begin
  for login in
    select distinct grantee from information_schema.role_table_grants
     where table_schema = 'public' and table_name = 'refused_tries' and grantee <> current_user
  loop
    execute format('revoke update, truncate on refused_tries from %I', login);
  end loop;
end $$;
create function refused_tries_stay() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.at < now() - interval '365 days' then
      return old;
    end if;
  end if;
  raise exception 'the record of refused tries is only added to' using errcode = 'insufficient_privilege';
end $$;
create trigger refused_tries_stay before delete on refused_tries for each row execute function refused_tries_stay();
create trigger refused_tries_are_not_changed before update or truncate on refused_tries
  for each statement execute function refused_tries_stay();
""")
