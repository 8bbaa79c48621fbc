"""PROMISE: whatever mail servers do and whoever is killed when, no mail is lost and none has a second copy."""

import asyncio
from collections.abc import AsyncIterator
from itertools import cycle, islice
from pathlib import Path
from random import Random

import pytest
from joserfc.jwk import RSAKey

from chassis import kafka
from chassis.clock import system_clock
from chassis.ids import uuid7
from services.notifier.__main__ import SERVICE
from services.notifier.settings import NotifierSettings
from tests.faults.mail.certificate import certificate
from tests.faults.mail.checker import check
from tests.faults.mail.hasty_notifier import hasty
from tests.faults.mail.rig import STEPS, WORKERS, MailRig, Pace
from tests.faults.mail.scripts import PLAIN, SCRIPTS
from tests.faults.mail.server import ChaosServer, serving
from tests.infrastructure import Infrastructure
from tests.integration.chassis.running import everything
from tests.integration.in_process import KEY_ID, InProcess, in_process
from tests.link_keys import write_link_keys

BRIEF = Pace(mails=150, kills=6, speed=240, scale=1 / 30, data_timeout=5)
LONG = Pace(mails=1000, kills=48, speed=60, scale=1, data_timeout=120, within=2400)
"""Three scripts hold a connection for 90 to 120 s: their 150 mails take 16 connections a quarter of an hour."""


@pytest.fixture
async def rig(pace: Pace, infra: Infrastructure, tmp_path: Path) -> AsyncIterator[MailRig]:
    issuer = RSAKey.generate_key(2048, {"kid": KEY_ID})
    origin = system_clock().timestamp()
    chance = Random(1)
    server = ChaosServer({}, hasty(origin, pace.speed), certificate(tmp_path / "mail.pem"), pace.scale)
    server.greetings = lambda _number: chance.choices(("220", "554", "stripped"), (18, 1, 1))[0]
    links = write_link_keys(tmp_path / "link-keys.json")
    settings = NotifierSettings(database_dsn=await infra.database(SERVICE), link_keys_file=links)
    topics = {"kafka_bootstrap": infra.kafka, "topic_prefix": f"m{uuid7().hex[-10:]}-", "topic_partitions": 2}
    async with serving(server), in_process(SERVICE, settings, tmp_path, issuer, **topics) as (context, http):
        await kafka.create_topics(context.common, [("notification-events", 1)])
        await context.database.execute("update mail_gate set held = false")
        made = MailRig(InProcess(context, http, issuer), server, tmp_path, origin, pace)
        yield made
        made.kill()


@pytest.mark.parametrize(
    "pace",
    [
        pytest.param(BRIEF, id="brief"),
        pytest.param(LONG, id="long", marks=[pytest.mark.soak, pytest.mark.timeout(4200)]),
    ],
)
async def test_no_mail_is_lost_and_none_has_a_second_copy(rig: MailRig, pace: Pace) -> None:
    """Would break: a retry of what may be delivered, a mail forgotten by a killed process, a content made anew."""
    chance = Random(7)
    wanted = list(islice(cycle([*SCRIPTS, PLAIN]), pace.mails))
    chance.shuffle(wanted)
    steps = list(islice(cycle(STEPS), pace.kills))
    portion = -(-len(wanted) // len(steps))
    for number in range(0, len(steps), 2):
        await rig.queue(wanted[number * portion : (number + 2) * portion])
        await asyncio.gather(*(rig.killed_at(step, chance) for step in steps[number : number + 2]))
    for _ in range(2):
        rig.launch()
    await rig.come_to_an_end()
    await rig.stop()
    assert rig.fired == {step: steps.count(step) for step in STEPS}
    assert rig.server.fired >= {script.name for script in SCRIPTS if script is not PLAIN} | {"554", "stripped"}
    events = [value for _, value in await everything(rig.inside.context.common, "notification-events")]
    assert check(rig.server, await rig.inside.rows("select * from emails"), events, WORKERS * pace.kills) == []
