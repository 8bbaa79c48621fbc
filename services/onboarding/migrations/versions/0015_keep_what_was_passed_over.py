"""Keeps which fields of a source's request were not known, so that its answer is the same each time."""

from alembic import op

revision = "onboarding_0015"
down_revision = "onboarding_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table requests
  add column warnings jsonb not null default '[]';
""")
