"""Keeps whom a reduction releases on its day, and when an invitation got another address."""

from alembic import op

revision = "activation_0005"
down_revision = "activation_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table reductions add column release text not null default '';
alter table invitations add column readdressed_on text not null default '';
""")
