"""Creates what the chassis keeps of announcements and of accepted offsets."""

from alembic import op

revision = "chassis_0002"
down_revision = "chassis_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table announcements (
  id bigint generated always as identity primary key,
  kind text not null,
  wanted text[],
  raise_versions boolean not null,
  position text not null default '',
  announced bigint not null default 0,
  skipped bigint not null default 0,
  requested_by text not null,
  requested_at timestamptz not null,
  finished_at timestamptz
);
create index announcements_open on announcements (id) where finished_at is null;

create table offset_acceptances (
  id bigint generated always as identity primary key,
  topic text not null,
  partition int not null,
  fact text not null,
  offset_before bigint,
  offset_after bigint not null,
  accepted_by text not null,
  reason text not null,
  accepted_at timestamptz not null
);
""")
