"""Notes at a removal that its consultant is given nothing more, which comes a transaction before they are released."""

from alembic import op

revision = "activation_0003"
down_revision = "activation_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table removals add column marked boolean not null default false;")
