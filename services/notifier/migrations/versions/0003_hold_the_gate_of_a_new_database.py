"""Holds the gate of a new database: what was sent before it was made stands in the topic alone."""

from alembic import op

revision = "notifier_0003"
down_revision = "notifier_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
update mail_gate set held = true, since = now(), by = 'the notifier itself', why = 'new database'
 where not held and not exists (select from emails) and not exists (select from consumer_offsets)
""")
