"""Creates the drafts: three steps that are not submitted yet, sealed as a whole."""

from alembic import op

revision = "onboarding_0003"
down_revision = "onboarding_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table drafts (
  draft_id uuid primary key,
  version bigint not null,
  agency text not null,
  created_by_sub text not null,
  created_by_name text not null,
  status text not null check (status in ('draft', 'submitted', 'expired')),
  client_id uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  expires_at timestamptz not null,
  master_key_id text,
  wrapped_key bytea,
  sealed bytea,
  check ((status = 'draft') = (sealed is not null)),
  check ((sealed is null) = (wrapped_key is null)),
  check ((status = 'submitted') = (client_id is not null))
);
create index drafts_creator on drafts (agency, created_by_sub, draft_id);
create index drafts_agency on drafts (agency, draft_id);
create index drafts_expires_at on drafts (expires_at) where status = 'draft';
create index drafts_ended_at on drafts (updated_at) where status <> 'draft';
""")
