"""Notes when a mail's content last went out, and finds those of which nobody knows whether they arrived."""

from alembic import op

revision = "notifier_0004"
down_revision = "notifier_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table emails add column transmitted_at timestamptz;
create index emails_unknown on emails (settled_at) where state = 'unknown';
""")
