"""Creates the imports: files of new clients, their rows sealed until they are worked off, and what became of each."""

from alembic import op

revision = "onboarding_0007"
down_revision = "onboarding_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table imports (
  import_id uuid primary key,
  agency text not null,
  created_by_sub text not null,
  created_by_name text not null,
  dry_run boolean not null,
  digest bytea not null,
  status text not null check (status in ('running', 'done')),
  correlation_id text not null,
  created_at timestamptz not null,
  finished_at timestamptz,
  total int not null,
  created int not null default 0,
  valid int not null default 0,
  known int not null default 0,
  refused int not null default 0,
  master_key_id text,
  wrapped_key bytea,
  sealed bytea,
  check ((status = 'running') = (sealed is not null)),
  check ((status = 'done') = (finished_at is not null)),
  check ((sealed is null) = (wrapped_key is null))
);
create unique index imports_file on imports (agency, digest) where not dry_run;
create unique index imports_trial on imports (agency, digest) where dry_run and status = 'running';
create index imports_agency on imports (agency, import_id);
create index imports_running on imports (import_id) where status = 'running';
create index imports_master_key_id on imports (master_key_id) where master_key_id is not null;
create index imports_finished_at on imports (finished_at) where status = 'done';

create table import_rows (
  import_id uuid not null references imports on delete cascade,
  number int not null,
  line int not null,
  status text not null check (status in ('pending', 'created', 'valid', 'known', 'refused')),
  sealed bytea,
  twin bytea,
  reference bytea,
  identity_mask text,
  client_id uuid,
  same_row int,
  code text,
  errors jsonb,
  warnings jsonb,
  primary key (import_id, number),
  check ((status = 'pending') = (sealed is not null))
);
create index import_rows_pending on import_rows (import_id, number) where status = 'pending';
create index import_rows_twin on import_rows (import_id, twin) where twin is not null;
create index import_rows_reference on import_rows (import_id, reference) where reference is not null;
""")
