"""Imports take turns and are passed over where they fail; who sent the same file sees it; open drafts are counted."""

from alembic import op

revision = "onboarding_0014"
down_revision = "onboarding_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table imports
  add column worked_at timestamptz not null default now(),
  add column failures int not null default 0,
  add column next_try_at timestamptz,
  add column also_sent_by text[] not null default '{}';
drop index imports_running;
create index imports_turn on imports (worked_at, import_id) where status = 'running';
create index drafts_open on drafts (agency, created_by_sub) where status = 'draft';
""")
