"""Creates what is known of removals of consultants: who asked, and what activation answered."""

from alembic import op

revision = "onboarding_0010"
down_revision = "onboarding_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table consultant_removals (
  request_id uuid primary key,
  agency text not null references agencies,
  sub text not null,
  state text not null check (state in ('pending', 'removed', 'refused')),
  requested_at timestamptz not null,
  requested_by_sub text not null,
  requested_by_name text not null,
  answered_at timestamptz,
  clients uuid[] not null,
  check ((state = 'pending') = (answered_at is null))
);
create unique index consultant_removals_pending on consultant_removals (agency, sub) where state = 'pending';
create index consultant_removals_agency on consultant_removals (agency, request_id);
""")
