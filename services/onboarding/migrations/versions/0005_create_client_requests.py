"""Creates what people ask of activation: one question of a kind waits at a time for each client."""

from alembic import op

revision = "onboarding_0005"
down_revision = "onboarding_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table client_requests (
  request_id uuid primary key,
  client_id uuid not null references clients,
  kind text not null check (kind in ('cancellation', 'licences')),
  content jsonb not null,
  by_sub text not null,
  by_name text not null,
  correlation_id text not null,
  asked_at timestamptz not null,
  state text not null check (state in ('pending', 'done', 'refused', 'unanswered')),
  code text,
  errors jsonb not null,
  facts jsonb not null,
  settled_at timestamptz,
  check ((state = 'refused') = (code is not null))
);
create unique index client_requests_pending on client_requests (client_id, kind) where state = 'pending';
create index client_requests_client on client_requests (client_id, request_id);
""")
