"""Notes which mails say what is no longer so, for whom each is, and which are to be blanked once they have ended."""

from alembic import op

revision = "notifier_0012"
down_revision = "notifier_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table emails
  add column reader text,
  add column superseded_at timestamptz,
  add column forget boolean not null default false;
create index emails_reader on emails (agency, reader) where reader is not null;
create index emails_forget on emails (id) where forget;
""")
