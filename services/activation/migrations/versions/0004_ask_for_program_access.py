"""Keeps, with other licences that onboarding asks for, whether the client shall have programs of its own."""

from alembic import op

revision = "activation_0004"
down_revision = "activation_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table licence_requests add column program_access boolean;")
