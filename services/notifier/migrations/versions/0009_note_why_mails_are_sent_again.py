"""Notes why a mail is sent again and whether to an address that a person named; finds mails that ended badly."""

from alembic import op

revision = "notifier_0009"
down_revision = "notifier_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table emails
  add column requested_why text,
  add column recipient_chosen boolean not null default false;
create index emails_ended_badly on emails (settled_at) where state in ('failed', 'unknown', 'withheld');
drop index emails_unknown;
""")
