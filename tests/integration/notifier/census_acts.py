"""The census of refusals: what provokes each code that the notifier owns, and where it must stand."""

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from chassis.streams import OF_ONE
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed

ANYBODY = "/v1/emails"


@dataclass(frozen=True)
class Told:
    """What the caller was told: a problem's code with (pointer, code) of each place; or a mail's reason."""

    code: str | None
    places: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, answer: httpx.Response) -> "Told":
        body = answer.json()
        return cls(body.get("code"), frozenset((each["pointer"], each["code"]) for each in body.get("errors", ())))


Provoke = Callable[[Running], Awaitable[Told]]


@dataclass(frozen=True)
class Act:
    """`pointer` is where the code stands in `errors`; None: it is of the whole. `last`: nothing works afterwards."""

    code: str
    provoke: Provoke
    pointer: str | None = None
    last: bool = False

    def problems(self, told: Told) -> list[str]:
        here = told.code == self.code if self.pointer is None else (self.pointer, self.code) in told.places
        return [] if here else [f"{self.code} at {self.pointer} by {self.provoke.__name__}: told {told}"]


ACTS: list[Act] = []


def act(code: str, pointer: str | None = None, *, last: bool = False) -> Callable[[Provoke], Provoke]:
    """Registers what provokes a code."""

    def register(provoke: Provoke) -> Provoke:
        ACTS.append(Act(code, provoke, pointer, last))
        return provoke

    return register


async def sent(running: Running) -> str:
    """The id of a mail that was sent."""
    client = uuid4()
    await running.hear(listed(client))
    (row,) = await running.rows(
        "update emails set state = 'sent', settled_at = now() where client_id = $1 returning id", client
    )
    return str(row["id"])


async def settled(running: Running) -> None:
    await running.rows("update emails set state = 'sent', settled_at = now()")


async def asked(running: Running, path: str, **claims: Any) -> Told:
    return Told.of(await running.http.get(path, headers=running.token(**claims)))


async def resent(running: Running, id_: str, recipient: str | None = None) -> httpx.Response:
    answer = await running.post(f"/v1/emails/{id_}/resend", json={"recipient": recipient} if recipient else None)
    await settled(running)
    return answer


@act("not_found")
async def asked_for_a_mail_that_is_not_there(running: Running) -> Told:
    return await asked(running, f"/v1/emails/{uuid4()}")


@act("not_found")
async def marked_an_item_that_is_not_there(running: Running) -> Told:
    return Told.of(await running.post(f"/v1/notifications/{uuid4()}/seen"))


@act("not_found")
async def asked_for_a_template_that_is_not_there(running: Running) -> Told:
    return await asked(running, "/v1/templates/nosuch/preview", roles=["agency_admin"])


@act("not_allowed")
async def looked_at_templates_as_a_consultant(running: Running) -> Told:
    return await asked(running, "/v1/templates")


@act("not_found")
async def asked_for_another_agency_s_mail(running: Running) -> Told:
    return await asked(running, f"/v1/emails/{await sent(running)}", agency="byra-tva")


@act("not_allowed")
async def listed_mails_as_a_client_s_user(running: Running) -> Told:
    return await asked(running, ANYBODY, roles=[], client=str(uuid4()))


@act("operator_required")
async def held_mails_as_a_consultant(running: Running) -> Told:
    return Told.of(await running.post("/v1/operations/mail/hold", json={}))


@act("operator_required")
async def looked_at_every_mail_as_a_consultant(running: Running) -> Told:
    return await asked(running, "/v1/operations/emails")


@act("unknown_parameter", "/status")
async def listed_by_a_filter_that_is_not_there(running: Running) -> Told:
    return await asked(running, f"{ANYBODY}?status=sent")


@act("invalid_cursor")
async def listed_from_nowhere(running: Running) -> Told:
    return await asked(running, f"{ANYBODY}?cursor=%25")


@act("invalid_value", "/q")
async def searched_for_what_no_name_has(running: Running) -> Told:
    return await asked(running, f"{ANYBODY}?q=a%00b")


@act("invalid_value")
async def searched_the_bell_for_what_no_name_has(running: Running) -> Told:
    return await asked(running, "/v1/notifications?q=a%00b")


@act("malformed_json")
async def resent_by_what_is_no_json(running: Running) -> Told:
    headers = running.token() | {"Content-Type": "application/json"}
    path = f"/v1/emails/{await sent(running)}/resend"
    return Told.of(await running.http.post(path, content=b'{"recipient": ', headers=headers))


@act("invalid_email", "/recipient")
@act("invalid_content")
async def resent_to_no_address(running: Running) -> Told:
    return Told.of(await resent(running, await sent(running), "anna"))


@act("email_not_resendable")
async def resent_before_its_outcome(running: Running) -> Told:
    id_ = await sent(running)
    await running.rows("update emails set state = 'retry', settled_at = null where id = $1", id_)
    return Told.of(await resent(running, id_))


@act("email_superseded")
async def resent_what_a_later_mail_replaced(running: Running) -> Told:
    id_ = await sent(running)
    await running.rows("update emails set superseded_at = now() where id = $1", id_)
    return Told.of(await resent(running, id_))


@act("resend_limit")
async def resent_a_sixth_time(running: Running) -> Told:
    id_ = await sent(running)
    answers = [await resent(running, id_) for _ in range(6)]
    assert [each.status_code for each in answers[:5]] == [202] * 5
    return Told.of(answers[5])


@act("readdress_limit", "/recipient")
async def resent_to_a_sixth_address(running: Running) -> Told:
    id_ = await sent(running)
    answers = [await resent(running, id_, f"a{number}@example.se") for number in range(6)]
    assert [each.status_code for each in answers[:5]] == [202] * 5
    return Told.of(answers[5])


@act("recipient_fixed", "/recipient")
async def resent_a_person_s_own_mail_to_another_address(running: Running) -> Told:
    id_ = await sent(running)
    await running.rows("update emails set template = 'invitation' where id = $1", id_)
    return Told.of(await resent(running, id_, "erik@example.se"))


@act("emails_not_waiting")
async def released_all_but_what_does_not_wait(running: Running) -> Told:
    body = {"but": [str(uuid4())], "why": "a try"}
    return Told.of(
        await running.http.post(
            "/v1/operations/mail/release", json=body, headers=running.token("olle", roles=["operator"])
        )
    )


async def reason(running: Running, state: str) -> Told:
    """Of a new mail, once it has come to that state."""
    client = uuid4()
    await running.hear(listed(client))
    async with running.delivering():
        mail = await running.mail_of(client, state)
    return Told(mail["reason"])


@act("email_rejected")
async def refused_by_the_mail_server(running: Running) -> Told:
    running.server.rcpt = ["550 5.1.1 no such user"]
    return await reason(running, "failed")


@act("email_outcome_unknown")
async def left_without_an_answer(running: Running) -> Told:
    running.server.data = ["drop"]
    return await reason(running, "unknown")


@act("mail_server_unavailable", last=True)
async def the_mail_server_does_not_answer(running: Running) -> Told:
    running.server.mail = ["550 5.7.1 who are you"] * 100
    return await reason(running, "retry")


@act("service_unavailable", last=True)
async def listed_without_a_database(running: Running) -> Told:
    await running.context.database.pool.close()
    return await asked(running, ANYBODY)


@act("too_many_streams")
async def opened_a_sixth_stream(running: Running) -> Told:
    with ExitStack() as opened:
        for _ in range(OF_ONE):
            opened.enter_context(running.context.streams.opened(("byra-ett", "karin"), OF_ONE + 1))
        return await asked(running, "/v1/notifications/stream")


@act("notification_mandatory", "/kinds/client_listed")
async def a_kind_that_nobody_can_do_without(running: Running) -> Told:
    body = {"kinds": {"client_listed": False}}
    return Told.of(await running.http.put("/v1/notifications/preferences", headers=running.token(), json=body))
