"""A token is verified once and remembered: never beyond its end, and never beyond the issuer's keys."""

from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from chassis import tokens as module
from chassis.clock import system_clock
from chassis.settings import CommonSettings
from chassis.tokens import TokenInvalid, Tokens
from schemas.personal_numbers import NumberDisclosed
from tests.eventually import eventually


def key(name: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": name}, private=True)


def signed(by: OKPKey, minutes: int = 10, sub: str = "karin") -> str:
    claims = {
        "iss": "https://aktivera.local",
        "aud": "aktivera",
        "sub": sub,
        "agency": "byra-ett",
        "exp": int((system_clock() + timedelta(minutes=minutes)).timestamp()),
    }
    return jwt.encode({"alg": "EdDSA", "kid": by.kid}, claims, by, ["EdDSA"])


def tokens(path: Path, *keys: OKPKey) -> Tokens:
    path.write_bytes(orjson.dumps(KeySet(list(keys)).as_dict(private=False)))
    return Tokens(CommonSettings(environment="test", token_keys_file=path))


async def test_a_token_that_is_remembered_is_not_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tokens(tmp_path / "keys.json", one := key("one"))
    token = signed(one)
    first = await known.caller(token)
    monkeypatch.setattr("joserfc.jwt.decode", None)  # whoever looked again would fail

    assert await known.caller(token) is first


async def test_a_token_ends_when_it_ends_remembered_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = tokens(tmp_path / "keys.json", one := key("one"))
    token = signed(one)
    await known.caller(token)
    later = system_clock() + timedelta(minutes=11)

    def clock() -> datetime:
        return later

    monkeypatch.setattr(module, "system_clock", clock)
    monkeypatch.setattr("time.time", lambda: later.timestamp())

    with pytest.raises(TokenInvalid):
        await known.caller(token)


async def test_a_token_of_a_key_that_the_issuer_has_taken_back_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = key("one"), key("two")
    known = tokens(tmp_path / "keys.json", one)
    token = signed(one)
    await known.caller(token)
    tokens(tmp_path / "keys.json", two)
    monkeypatch.setattr(module, "REFRESH_SECONDS", -1)

    async def refused() -> bool:
        try:
            await known.caller(token)
        except TokenInvalid:
            return True
        return False

    await eventually(refused, within=5)


@pytest.mark.parametrize("sub", ["811218-9876", "198112189876", "se/81 12 18 98 76", "８１１２１８－９８７６"])
async def test_whoever_the_issuer_names_by_a_personal_number_is_refused_each_time(tmp_path: Path, sub: str) -> None:
    """Would break: an issuer that is set so, and the number stands in histories, events and bells."""
    known = tokens(tmp_path / "keys.json", one := key("one"))
    token = signed(one, sub=sub)
    for _ in range(2):
        with pytest.raises(NumberDisclosed):
            await known.caller(token)
    assert (await known.caller(signed(one, sub="8112189877"))).sub == "8112189877"


async def test_a_stranger_cannot_make_the_memory_grow_without_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 5)
    known = tokens(tmp_path / "keys.json", one := key("one"))
    for minutes in range(1, 30):
        await known.caller(signed(one, minutes))

    assert len(known._known) <= 5  # nothing outside shows it
