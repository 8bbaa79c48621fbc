"""An index that finds what an old master key wraps, so that exchanging the key costs no scan a batch."""

from alembic import op

revision = "onboarding_0006"
down_revision = "onboarding_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create index vault_master_key_id on vault (master_key_id);
create index drafts_master_key_id on drafts (master_key_id) where master_key_id is not null;
""")
