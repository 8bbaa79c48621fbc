"""Creates who of an agency has to do with which client, and whether that decides what they see."""

from alembic import op

revision = "notifier_0007"
down_revision = "notifier_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table agencies add column client_visibility text not null default 'all'
  check (client_visibility in ('all', 'linked'));

create table client_people (
  client_id uuid not null,
  sub text not null,
  relation text not null check (relation in ('creator', 'responsible', 'linked', 'user')),
  primary key (client_id, relation, sub)
);
create index client_people_sub on client_people (sub, client_id);
""")
