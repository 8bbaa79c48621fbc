"""Keeps what activation answered to a source's request, and the day on which it answers once more."""

from alembic import op

revision = "onboarding_0013"
down_revision = "onboarding_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table requests
  add column effective_at timestamptz,
  add column outcomes jsonb not null default '[]';
""")
