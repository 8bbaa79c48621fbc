"""Remembers the ids of erased clients."""

from alembic import op

revision = "notifier_0006"
down_revision = "notifier_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table erased_clients (
  client_id uuid primary key,
  at timestamptz not null
);
create index erased_clients_at on erased_clients (at);
""")
