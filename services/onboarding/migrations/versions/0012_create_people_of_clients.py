"""Creates who of an agency has to do with which client, as activation tells it."""

from alembic import op

revision = "onboarding_0012"
down_revision = "onboarding_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table client_people (
  client_id uuid not null references clients,
  sub text not null,
  relation text not null check (relation in ('linked', 'user')),
  primary key (client_id, relation, sub)
);
create index client_people_sub on client_people (sub, client_id);
""")
