"""Keeps what single attempts at mails came to: codes and times."""

from alembic import op

revision = "notifier_0015"
down_revision = "notifier_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table email_attempts (
  email_id uuid not null,
  attempt int not null,
  at timestamptz not null,
  phase text not null check (phase in ('before', 'server', 'recipient', 'content')),
  smtp_code int,
  enhanced_code text,
  reason text not null,
  primary key (email_id, attempt)
);
""")
