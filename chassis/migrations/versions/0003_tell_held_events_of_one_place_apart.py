"""Lets a held event stand beside an older one of the same place: of a topic that was made anew."""

from alembic import op

revision = "chassis_0003"
down_revision = "chassis_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
drop index held_events_place;
create unique index held_events_place on held_events (topic, partition, kafka_offset, event_id)
  where settled_at is null;
""")
