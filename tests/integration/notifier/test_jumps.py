"""Every transition of a mail comes about, and no other; the table itself is the witness."""

from collections.abc import Awaitable, Callable
from functools import partial
from itertools import chain
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from schemas.envelope import Envelope
from services.notifier.domain.mail import CLAIMABLE, JUMPS, MailState
from services.notifier.leases import sweep
from services.notifier.store import deliveries
from tests.eventually import eventually
from tests.infrastructure import Infrastructure
from tests.integration.notifier.running import Running
from tests.integration.notifier.test_erasure import erased
from tests.integration.notifier.test_gate import done
from tests.unit.notifier import mail_events
from tests.unit.notifier.events import listed

Jump = tuple[MailState, MailState]
Story = Callable[[Running], Awaitable[None]]

CALLED_OFF: list[Jump] = [(waits, end) for waits in CLAIMABLE for end in ("failed", "unknown", "withheld")]
"""What no attempt does: a mail that waits is overtaken by events, is of a client that is erased, or is kept back by a
person. What a notifier that was set back hears of its own mails is in `test_recalling`."""

ALL = sorted([*((state, after) for state, reached in JUMPS.items() for after in reached), *CALLED_OFF])
STORIES: dict[Jump, Story] = {}

WITNESS = """
    create table jumps (id serial, state text, after text);
    grant insert on jumps to public; grant usage on jumps_id_seq to public;
    create function note_jump() returns trigger language plpgsql as $$
    begin insert into jumps (state, after) values (old.state, new.state); return new; end $$;
    create trigger note after update of state on emails for each row when (old.state <> new.state)
    execute function note_jump();
"""


def story(*jumps: Jump) -> Callable[[Story], Story]:
    """Registers what brings these transitions about."""

    def register(tell: Story) -> Story:
        STORIES.update(dict.fromkeys(jumps, tell))
        return tell

    return register


async def ends(running: Running, state: str, **changes: object) -> None:
    await running.hear(listed(uuid4(), **changes))
    async with running.delivering():
        await running.mail_is(state)


@story(("pending", "sending"), ("sending", "transmitting"), ("transmitting", "sent"))
async def taken(running: Running) -> None:
    await ends(running, "sent")


@story(("sending", "retry"), ("retry", "sending"))
async def put_off_at_the_recipient(running: Running) -> None:
    running.server.rcpt = ["451 4.7.1 greylisted"]
    await ends(running, "sent")


@story(("sending", "failed"))
async def refused_at_the_recipient(running: Running) -> None:
    running.server.rcpt = ["550 5.1.1 no such user"]
    await ends(running, "failed")


@story(("sending", "withheld"))
async def of_a_try_without_a_server(running: Running) -> None:
    await ends(running, "withheld", test=True)


@story(("transmitting", "retry"))
async def put_off_after_the_content(running: Running) -> None:
    running.server.data = ["452 4.3.1 disk full"]
    await ends(running, "sent")


@story(("transmitting", "failed"))
async def refused_after_the_content(running: Running) -> None:
    running.server.data = ["550 5.6.0 not this"]
    await ends(running, "failed")


@story(("transmitting", "unknown"))
async def left_without_an_answer(running: Running) -> None:
    running.server.data = ["drop"]
    await ends(running, "unknown")


async def answered_too_late(running: Running, answer: str, state: str) -> None:
    running.server.data = [f"wait {answer}"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        await eventually(lambda: _offered(running), within=10)
        await running.context.database.execute("update emails set lease_until = clock_timestamp() - interval '1 s'")
        await sweep(running.context.database)
        await running.mail_is("unknown")
        running.server.released.set()
        await running.mail_is(state)


@story(("unknown", "sent"))
async def taken_after_its_lease(running: Running) -> None:
    await answered_too_late(running, "250 ok", "sent")


@story(("unknown", "failed"))
async def refused_after_its_lease(running: Running) -> None:
    await answered_too_late(running, "550 5.6.0 not this", "failed")


async def that_waits(running: Running, state: MailState, event: Envelope[Any]) -> None:
    """A mail of this event that was not offered yet, or was put off."""
    await running.hear(event)
    if state == "retry":
        running.server.data = ["450 later"] * 100
        async with running.delivering():
            await running.mail_is("retry")


async def overtaken(running: Running, state: MailState) -> None:
    client, user = uuid4(), uuid4()
    await that_waits(running, state, mail_events.invited(client, user))
    await running.hear(mail_events.invitation_changed(client, user, "expired", 2))


async def of_an_erased_client(running: Running, state: MailState) -> None:
    client = uuid4()
    await that_waits(running, state, listed(client))
    await running.hear(erased(client))


async def kept_back_by_a_person(running: Running, state: MailState) -> None:
    await that_waits(running, state, listed(uuid4()))
    await done(running, "release", but="all", dry_run=False)


for _state in CLAIMABLE:
    story((_state, "withheld"))(partial(overtaken, state=_state))
    story((_state, "failed"))(partial(of_an_erased_client, state=_state))
    story((_state, "unknown"))(partial(kept_back_by_a_person, state=_state))


async def _offered(running: Running) -> bool:
    return len(running.server.offered) == 1


async def jumps(infra: Infrastructure, running: Running, statement: str) -> list[Jump]:
    """What a superuser is told in the service's database: the service may make no tables."""
    name = urlsplit(running.context.settings.database_dsn).path
    connection = await asyncpg.connect(urlunsplit(urlsplit(infra.superuser_dsn)._replace(path=name)))
    try:
        if statement == WITNESS:
            await connection.execute(statement)
            return []
        return [(row["state"], row["after"]) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


@pytest.mark.parametrize("jump", ALL, ids="-".join)
async def test_every_transition_comes_about_and_no_other(jump: Jump, running: Running, infra: Infrastructure) -> None:
    await jumps(infra, running, WITNESS)
    await STORIES[jump](running)
    seen = await jumps(infra, running, "select state, after from jumps order by id")
    assert jump in seen
    assert set(seen) <= set(ALL)


def test_no_story_is_of_a_transition_that_is_none() -> None:
    assert sorted(STORIES) == ALL


@pytest.mark.parametrize("state", sorted(set(JUMPS) - set(chain.from_iterable(each[:1] for each in ALL))))
async def test_a_mail_at_its_end_is_not_taken_nor_swept(state: MailState, running: Running) -> None:
    await running.hear(listed(uuid4()))
    await running.context.database.execute("update emails set state = $1, settled_at = now()", state)
    database = running.context.database
    assert await deliveries.claim(database, database.clock(), 9, 60, uuid4()) == []
    assert await sweep(database) == 0
    assert (await running.mail())["state"] == state
