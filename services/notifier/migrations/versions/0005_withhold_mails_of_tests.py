"""Adds the state of a test client's mail that no server is named for: kept and not sent."""

from alembic import op

revision = "notifier_0005"
down_revision = "notifier_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # By what they say, since the database named them.
    op.execute("""
do $$
declare found text;
begin
  for found in
    select conname from pg_constraint
     where conrelid = 'emails'::regclass and contype = 'c' and pg_get_constraintdef(oid) like '%''unknown''%'
  loop
    execute format('alter table emails drop constraint %I', found);
  end loop;
end $$;
alter table emails
  add constraint emails_states check
    (state in ('pending', 'sending', 'transmitting', 'sent', 'retry', 'failed', 'unknown', 'withheld')),
  add constraint emails_settled check ((settled_at is not null) = (state in ('sent', 'failed', 'unknown', 'withheld')));
""")
