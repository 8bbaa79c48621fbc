"""Adds what changing a client needs: its edition, who changed it last, and the history of the changes."""

from alembic import op

revision = "onboarding_0002"
down_revision = "onboarding_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table clients
  add column edition bigint not null default 1,
  add column changed_at timestamptz,
  add column changed_by_sub text,
  add column changed_by_name text,
  add column activated_by_name text;

create table client_changes (
  client_id uuid not null references clients,
  edition bigint not null,
  at timestamptz not null,
  act text not null,
  by_sub text not null,
  by_name text not null,
  correlation_id text not null,
  altered jsonb not null,
  primary key (client_id, edition)
);
""")
