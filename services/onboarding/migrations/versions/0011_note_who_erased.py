"""Notes who erased a client and when, and finds what else holds something of it."""

from alembic import op

revision = "onboarding_0011"
down_revision = "onboarding_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table clients
  add column erased_at timestamptz,
  add column erased_by_sub text;
create index requests_client on requests (client_id) where client_id is not null;
create index requests_refused_by on requests (refused_by_client) where refused_by_client is not null;
create index import_rows_client on import_rows (client_id) where client_id is not null;
create index idempotency_keys_client on idempotency_keys ((body->>'client_id'));
""")
