"""Notes who released all mails but this one, and why: it counts as unknown since."""

from alembic import op

revision = "notifier_0016"
down_revision = "notifier_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table emails add column given_up_by text, add column given_up_why text")
