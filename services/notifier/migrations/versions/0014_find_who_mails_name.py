"""Finds mails by whom they name, and contents that are to be blanked since they name somebody who was forgotten."""

from alembic import op

revision = "notifier_0014"
down_revision = "notifier_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create index emails_by on emails (agency, (facts->'by'->>'sub')) where facts->'by'->>'sub' is not null;
create index emails_nameless on emails (id) where content is not null and facts->'by'->>'name' = '';
""")
