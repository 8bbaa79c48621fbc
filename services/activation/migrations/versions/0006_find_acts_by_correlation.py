"""Lets a trace find what one request did, at whichever clients."""

from alembic import op

revision = "activation_0006"
down_revision = "activation_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create index history_correlation on history (correlation_id, history_id);")
