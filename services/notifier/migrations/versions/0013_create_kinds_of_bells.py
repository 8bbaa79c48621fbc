"""Lets bells be of many kinds: about agencies and people, with facts; what users do not want to hear; who has left."""

from alembic import op

revision = "notifier_0013"
down_revision = "notifier_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table bells
  alter column client_id drop not null,
  add column facts jsonb not null default '{}',
  add column about text,
  add column about_sub text,
  add column handled_by_sub text,
  drop constraint bells_audience_check,
  drop constraint bells_handled_how_check,
  add constraint bells_audience_check
    check (audience in ('creator', 'responsible', 'client_managers', 'user', 'agency_admins'));
create unique index bells_of_agencies_once on bells (agency, kind, cause_id) where client_id is null;
create index bells_open on bells (client_id) where handled_at is null;
create index bells_about on bells (agency, about_sub) where about is not null;
create index bells_handled_by on bells (agency, handled_by_sub) where handled_by is not null;
create index bells_old on bells (created_at) where kind <> 'client_listed';

create index notifications_old on notifications (created_at);
drop index notifications_unread;
create index notifications_shown on notifications (agency, sub, seq) where archived_at is null;
create index notifications_unseen on notifications (agency, sub, seq) where archived_at is null and seen_at is null;
create index notifications_unread on notifications (agency, sub, seq) where archived_at is null and read_at is null;
create index notifications_read on notifications (agency, sub, seq) where archived_at is null and read_at is not null;
create index notifications_archived on notifications (agency, sub, seq) where archived_at is not null;

create table muted_kinds (
  agency text not null,
  sub text not null,
  kind text not null,
  primary key (agency, sub, kind)
);

create table former_consultants (
  agency text not null,
  sub text not null,
  primary key (agency, sub)
);
""")
