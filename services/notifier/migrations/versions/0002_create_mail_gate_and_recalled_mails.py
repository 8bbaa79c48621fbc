"""Creates the gate that holds mails back, and what the topic remembers of mails that the table has lost."""

from alembic import op

revision = "notifier_0002"
down_revision = "notifier_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
create table mail_gate (
  one boolean primary key default true check (one),
  held boolean not null,
  since timestamptz,
  by text,
  why text
);
insert into mail_gate (held) values (false);

create table recalled_mails (
  email_id uuid primary key,
  template text not null,
  cause_id text not null,
  client_id uuid not null,
  state text not null check (state in ('sent', 'failed', 'unknown')),
  smtp_code int,
  at timestamptz not null
);
create index recalled_mails_cause on recalled_mails (client_id, template, cause_id);
""")
