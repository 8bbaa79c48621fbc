"""What must hold of mails, read from the tables, the topic and the mail server, and not through the code under test."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tests.faults.mail.scripts import Script
from tests.faults.mail.server import Attempt, ChaosServer

MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)\r$", re.MULTILINE)
SAID = {
    "sent": (["sent"], ["unknown", "sent"]),
    "failed": (["failed"], ["unknown", "failed"]),
    "unknown": (["unknown"],),
    "retry": ([],),
}


def check(
    server: ChaosServer,
    mails: Sequence[Mapping[str, Any]],
    events: Sequence[bytes | None],
    most_killed: int,
) -> list[str]:
    """What is otherwise than promised. `most_killed`: the mails that killed processes can have had in their hands."""
    said = _said(events)
    rows = {row["recipient"]: row for row in mails}
    wrong = [f"{recipient} is lost" for recipient in server.scripts.keys() - rows.keys()]
    wrong += ["a recipient has more mails than one"] if len(rows) != len(mails) else []
    wrong += [f"{recipient} is nobody's" for recipient in server.attempts.keys() - rows.keys()]
    bereft = 0
    for recipient, row in rows.items():
        script, attempts = server.scripts[recipient], server.attempts[recipient]
        found = [
            *_outcome(script, attempts, row["state"]),
            *_copies(attempts),
            *_bytes(attempts, row["content"]),
            *([] if said[str(row["id"])] in SAID[row["state"]] else [f"was told as {said[str(row['id'])]}"]),
        ]
        bereft += row["state"] == "unknown" != script.comes_to
        wrong += [f"{script.name} ({row['state']}): {each}" for each in found]
    if bereft > most_killed:
        wrong.append(f"{bereft} mails are unknown because of {most_killed} at most")
    wrong += [f"the mail server itself failed: {each}" for each in server.broken]
    return wrong + [f"said in clear: {line[:4]!r}" for line in server.in_clear if line[:4] not in _IN_CLEAR]


_IN_CLEAR = (b"EHLO", b"STAR", b"QUIT")


def _outcome(script: Script, attempts: Sequence[Attempt], state: str) -> list[str]:
    """`unknown` exactly where the sender cannot know; otherwise what the script leads to."""
    last = attempts[-1] if attempts else None
    if last is None:
        return [] if state == "unknown" and script.comes_to == "unknown" else ["was never offered"]
    nobody_knows = last.asked and (last.by_script or (last.left and last.answer is None and last.whole))
    may_be_unknown = nobody_knows or (last.asked and last.left)
    if state == "unknown":
        return [] if may_be_unknown else [f"the server's last word was {last.answer}"]
    if nobody_knows:
        return ["nobody can know that"]
    if state != script.comes_to:
        return [f"the script leads to {script.comes_to}"]
    if state == "sent" and last.answer != 250:
        return [f"the last answer was {last.answer}"]
    return []


def _copies(attempts: Sequence[Attempt]) -> list[str]:
    """At most one content that a server may have delivered; and none after one whose fate is open."""
    kept = [at for at, each in enumerate(attempts) if each.kept]
    wrong = [f"{len(kept)} copies"] if len(kept) > 1 else []
    open_ = [each for each in attempts[:-1] if each.content and each.answer in {None, 250}]
    return wrong + ["was offered again though its content had gone out"] * len(open_)


def _bytes(attempts: Sequence[Attempt], stored: bytes | None) -> list[str]:
    """All contents are the same bytes, with one Message-ID: those in the table, which were there first."""
    contents = [each.content for each in attempts if each.content]
    if not contents:
        return []
    if stored is None:
        return ["went out and is not in the table"]
    wire = stored.replace(b"\r\n.", b"\r\n..")
    other = [each for each in attempts if not (each.content == wire if each.whole else wire.startswith(each.content))]
    wrong = ["went out in other bytes than the table's"] * len(other)
    return wrong if len(MESSAGE_ID.findall(stored)) == 1 else [*wrong, "has not one Message-ID"]


def _said(events: Sequence[bytes | None]) -> dict[str, list[str]]:
    """By mail, what was told of it, in order; an event that came twice counts once."""
    said: dict[str, list[str]] = defaultdict(list)
    seen = set()
    for value in events:
        event = orjson.loads(value or b"")
        kind = event["type"].removeprefix("se.aktivera.")
        if kind.startswith("email.") and event["id"] not in seen:
            seen.add(event["id"])
            said[event["data"]["email_id"]].append(kind.split(".")[1])
    return said
