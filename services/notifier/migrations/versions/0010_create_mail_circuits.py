"""Creates the circuits of mail servers, and counts how often a mail itself was put off."""

from alembic import op

revision = "notifier_0010"
down_revision = "notifier_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table mail_circuits (
  relay text primary key,
  state text not null check (state in ('closed', 'open', 'half_open')),
  since timestamptz not null,
  trouble text,
  smtp_code int,
  failures int not null,
  try_at timestamptz,
  probe uuid,
  probe_until timestamptz,
  check ((probe is not null) = (state = 'half_open')),
  check ((probe is null) = (probe_until is null)),
  check ((trouble is null) = (state = 'closed'))
);

alter table emails
  add column deferrals int not null default 0,
  add column deferred_since timestamptz,
  add column uncounted int not null default 0;
update emails set deferrals = attempt, deferred_since = created_at where state = 'retry';
""")
