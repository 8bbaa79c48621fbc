"""What is old leaves: items after a year, and the bells that nobody has an item of any more."""

from datetime import timedelta

from chassis.unit_of_work import UnitOfWork

KEPT = timedelta(days=365)
AT_ONCE = 1000


async def forget_old(uow: UnitOfWork) -> int:
    """One batch; answers how many items and bells went. A client's listing stays noted, so that it is told once."""
    before = uow.now - KEPT
    items = await uow.connection.execute(
        """delete from notifications where id in (
             select id from notifications where created_at < $1 order by created_at limit $2)""",
        before,
        AT_ONCE,
    )
    bells = await uow.connection.execute(
        """delete from bells where id in (
             select id from bells b where kind <> 'client_listed' and created_at < $1
                and not exists (select from notifications n where n.bell_id = b.id) order by created_at limit $2)""",
        before,
        AT_ONCE,
    )
    return sum(int(done.split()[-1]) for done in (items, bells))
