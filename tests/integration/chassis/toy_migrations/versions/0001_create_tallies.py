"""Creates the toy service's one table."""

from alembic import op

revision = "toy_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table tallies (
  tally text primary key,
  total int not null check (total < 1000),
  version bigint not null
)""")
