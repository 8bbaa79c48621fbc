"""Mails of test clients: to the server that keeps them, or to none; never to the one that sends them on."""

from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from uuid import uuid4

from chassis.service import Context
from services.notifier.settings import NotifierSettings
from tests.integration.notifier.mail_server import mail_server
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed


def with_sink(running: Running, port: int) -> Context:
    """The notifier with a mail server for test clients."""
    assert isinstance(running.context.settings, NotifierSettings)
    update = {"test_smtp_host": "127.0.0.1", "test_smtp_port": port, "smtp_user": "nobody"}
    return replace(running.context, settings=running.context.settings.model_copy(update=update))


async def test_a_test_client_s_mail_goes_to_the_server_for_tests_alone_and_says_that_it_is_one(
    running: Running,
) -> None:
    async with mail_server() as sink:
        await running.hear(listed(uuid4(), test=True))
        async with running.delivering(with_sink(running, sink.port)):
            await running.mail_is("sent")
        assert (sink.recipients, running.server.connections) == (["anna@exempelbolaget.se"], 0)
        subject = message_from_bytes(sink.accepted[0], policy=default)["subject"]
        assert subject.startswith("[Test] ")


async def test_without_a_server_for_tests_the_mail_is_kept_and_shown_as_withheld(running: Running) -> None:
    await running.hear(listed(uuid4(), test=True))
    async with running.delivering():
        mail = await running.mail_is("withheld")
    assert (running.server.connections, mail["settled_at"] is not None) == (0, True)
    (shown,) = (await running.get("/v1/emails?state=withheld"))["items"]
    assert (shown["test"], shown["reason"], shown["due_at"]) == (True, None, None)
    said = [each["type"] for each in await running.said("notification-events")]
    assert not any("email." in kind for kind in said)
    (bell,) = (await running.get("/v1/notifications"))["items"]
    assert bell["test"]


async def test_a_client_in_earnest_is_none_of_the_test_server_s_business(running: Running) -> None:
    async with mail_server() as sink:
        await running.hear(listed(uuid4()))
        async with running.delivering(with_sink(running, sink.port)):
            await running.mail_is("sent", "retry")
        assert sink.connections == 0
