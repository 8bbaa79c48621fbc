"""Gives mails that wait a turn, so that one agency's many do not hold back another's first."""

from alembic import op

revision = "notifier_0011"
down_revision = "notifier_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table emails add column turn bigint;
create index emails_turn on emails (test, turn, id) where state in ('pending', 'retry') and turn is not null;
create index emails_line on emails (agency, test, turn) where state in ('pending', 'retry') and turn is not null;
create index emails_to_rise on emails (due_at, id) where state in ('pending', 'retry') and turn is null;
""")
