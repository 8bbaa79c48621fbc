"""Remembers what changed clients are called now, and where their confirmation goes."""

from alembic import op

revision = "notifier_0008"
down_revision = "notifier_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table renewed_clients (
  client_id uuid primary key,
  name text not null,
  confirmation_email text not null,
  locale text not null
);
""")
