"""Clients that many people manage at once over HTTP, at random, and what must hold of the tables and the topic."""

import asyncio
import random
from collections import Counter, defaultdict
from typing import Any
from uuid import UUID, uuid5

import httpx

from tests.eventually import eventually
from tests.infrastructure import fetch
from tests.system import checker
from tests.system.rig import Rig

PROGRAMS = ("bookkeeping", "invoicing", "read_only")
PARTS = (
    ("bookkeeping", "vouchers"),
    ("bookkeeping", "voucher_templates"),
    ("invoicing", "customer_invoices"),
    ("registers", "articles"),
)

BROKEN = {
    "more licences are used than bought": """
        select l.client_id, l.program from licences l
          join grants g on g.client_id = l.client_id and g.program = l.program and g.kind = 'licence'
          join users u on u.client_id = g.client_id and u.user_id = g.user_id and u.kind = 'client'
         where l.grace_until is null
         group by l.client_id, l.program, l.purchased having count(*) > l.purchased""",
    "a licence is held that was never ordered": """
        select g.client_id from grants g left join licences l using (client_id, program)
         where g.kind = 'licence' and l.program is null""",
    "a permission has lost its licence": """
        select g.client_id, g.program, g.part from grants g join users u using (client_id, user_id)
         where g.kind = 'permission' and u.kind = 'client' and g.program in ('bookkeeping', 'invoicing')
           and not exists (select from grants l where l.client_id = g.client_id and l.user_id = g.user_id
             and l.kind = 'licence' and (l.program = g.program or (l.program = 'read_only' and g.level = 'read')))""",
    "a permission has lost its parent": """
        select g.client_id from grants g
         where g.kind = 'permission' and g.part = 'voucher_templates'
           and not exists (select from grants p where p.client_id = g.client_id and p.user_id = g.user_id
             and p.kind = 'permission' and p.program = g.program and p.part = 'vouchers')""",
    "nobody who has logged in is administrator": """
        select a.client_id from activations a
         where a.status in ('activated', 'configured') and not exists (
           select from users u join grants g using (client_id, user_id)
            where u.client_id = a.client_id and u.state = 'active' and u.logged_in_at is not null
              and g.kind = 'system_administrator' and g.until is null)""",
    "somebody who is gone holds something": """
        select u.client_id from users u join grants g using (client_id, user_id)
         where u.state in ('disabled', 'removed')""",
    "the history has no entry for a change of the matrix": """
        select client_id from activations a where access_version > 0 and not exists (
          select from history h where h.client_id = a.client_id and h.access_version = a.access_version)""",
}


class Callers:
    """People who act at random; `answers` counts the statuses, 0 for a call that nobody answered."""

    def __init__(self, rig: Rig, clients: list[str], seed: int) -> None:
        self.rig = rig
        self.clients = clients
        self.answers: Counter[int] = Counter()
        self._chance = random.Random(seed)

    async def act_until(self, stop: asyncio.Event) -> None:
        async with httpx.AsyncClient(timeout=5) as http:
            while not stop.is_set():
                try:
                    self.answers[await self._act(http)] += 1
                except (httpx.HTTPError, StopIteration):
                    self.answers[0] += 1
                    await eventually(self._somebody_listens, within=60)

    @property
    def answered(self) -> int:
        """How many calls were answered so far."""
        return self.answers.total() - self.answers[0]

    async def _somebody_listens(self) -> bool:
        return any([await self.rig.listens(each) for each in self.rig.replicas if each.service == "activation"])

    async def _act(self, http: httpx.AsyncClient) -> int:
        chance = self._chance
        client = chance.choice(self.clients)
        replica = chance.choice([each for each in self.rig.replicas if each.service == "activation"])
        url = f"{replica.url}/v1/clients/{client}"
        karin = self.rig.token("karin")
        seen = await http.get(f"{url}/access", headers=karin)
        if seen.status_code != 200:
            return seen.status_code
        matrix = seen.json()
        users = [each["user_id"] for each in matrix["users"]]
        headers = chance.choice([karin, karin, self.rig.token("olle", client=client)])
        match chance.randrange(8):
            case 0:
                name = f"user-{chance.randrange(30)}"
                body: Any = {"name": name, "email": f"{name}@example.se", "grants": [_licence(chance)]}
                answer = await http.post(f"{url}/users", json=body, headers=headers)
            case 1:
                user = chance.choice(users)
                answer = await http.patch(
                    f"{url}/users/{user}", json={"state": chance.choice(["disabled", "active"])}, headers=headers
                )
            case 2:
                answer = await http.delete(f"{url}/users/{chance.choice(users)}", headers=headers)
            case 3:
                body = {"counts": {chance.choice(PROGRAMS): 1}}
                answer = await http.post(f"{url}/licences/orders", json=body, headers=headers)
            case 4:
                body = {"program": chance.choice(PROGRAMS), "count": chance.randrange(3), "reason": "ended"}
                answer = await http.post(f"{url}/licences/reductions", json=body, headers=headers)
            case _:
                changes = [_wish(chance, chance.choice(users)) for _ in range(chance.randrange(1, 4))]
                version = {"If-Match": seen.headers["ETag"]}
                answer = await http.patch(f"{url}/access", json={"changes": changes}, headers=headers | version)
        return answer.status_code


def _licence(chance: random.Random) -> dict[str, Any]:
    return {"kind": "licence", "program": chance.choice(PROGRAMS), "level": "on"}


def _wish(chance: random.Random, user: str) -> dict[str, Any]:
    kind = chance.choice(["licence", "licence", "permission", "permission", "system_administrator"])
    if kind == "permission":
        program, part = chance.choice(PARTS)
        level = chance.choice(["none", "read", "write"])
        return {"user_id": user, "kind": kind, "program": program, "part": part, "level": level}
    program_of = {} if kind == "system_administrator" else {"program": chance.choice(PROGRAMS)}
    return {"user_id": user, "kind": kind, "level": chance.choice(["on", "on", "none"]), **program_of}


async def faults(rig: Rig, clients: list[str]) -> list[str]:
    """What does not hold: in the tables, by SQL; and of what the topic tells, folded, beside the tables."""
    found = [
        f"{what}: {len(rows)}"
        for what, query in BROKEN.items()
        if (rows := await fetch(rig.databases["activation"], query))
    ]
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in await checker.events(rig, "activation-events"):
        told[event["subject"]].append(event)
    for client in clients:
        found += await _untrue(rig, client, told[client])
    return found


async def _untrue(rig: Rig, client: str, events: list[dict[str, Any]]) -> list[str]:
    once = {event["id"]: event for event in events}.values()  # a relay that was killed may say something twice
    versions = [int(event["sequence"]) for event in once]
    if versions != list(range(1, len(versions) + 1)):
        return [f"{client}: versions {versions}"]
    grants: dict[tuple[str, ...], str] = {}
    for event in once:
        data = event["data"]
        if event["type"] == "se.aktivera.activation.activated.v1":
            user = str(uuid5(UUID(client), data["activated_by"]["sub"]))
            grants[user, "system_administrator", "", ""] = "on"
        if event["type"] == "se.aktivera.grants.changed.v1":
            for each in data["changes"]:
                cell = (each["user_id"], each["kind"], each.get("program") or "", each.get("part") or "")
                if grants.get(cell, "none") != each["before"]:
                    return [f"{client}: {cell} was {grants.get(cell)}, not {each['before']}"]
                grants[cell] = each["after"]
    rows = await fetch(
        rig.databases["activation"],
        "select user_id::text, kind, program, part, level from grants where client_id = $1",
        UUID(client),
    )
    stored = {tuple(row)[:4]: row["level"] for row in rows}
    folded = {cell: level for cell, level in grants.items() if level != "none"}
    return [] if stored == folded else [f"{client}: the events tell {len(folded)} grants, the table {len(stored)}"]
