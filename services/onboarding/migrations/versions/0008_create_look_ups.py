"""Creates the count of look-ups: whom another agency's clients were told of."""

from alembic import op

revision = "onboarding_0008"
down_revision = "onboarding_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table look_ups (
  agency text not null,
  sub text not null,
  hour timestamptz not null,
  number bytea not null,
  primary key (agency, sub, hour, number)
);
create index look_ups_hour on look_ups (hour);
""")
