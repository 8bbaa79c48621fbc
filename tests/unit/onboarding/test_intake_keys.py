"""What sources encrypt: opened with our keys and our two algorithms alone; whatever else comes is refused the same."""

import base64
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwe import encrypt_compact
from joserfc.jwk import ECKey, RSAKey

from services.onboarding.domain.encrypted_number import DecryptedNumber, read_payload
from services.onboarding.vault import SecretUnusable, Undecryptable
from services.onboarding.vault.intake_keys import IntakeKeys
from tests.told_numbers import tells_number
from tests.vault_secrets import encrypted, intake_key, write_intake_keys


def keys_in(folder: Path, *keys: ECKey) -> IntakeKeys:
    write_intake_keys(folder, *keys)
    return IntakeKeys(folder / "intake-keys.json")


KEY, OLDER = intake_key("intake-2"), intake_key("intake-1")
with tempfile.TemporaryDirectory() as place:
    KEYS = keys_in(Path(place), KEY, OLDER)
(PUBLIC,) = KEYS.published()["keys"]
PAYLOAD = {"number": "811218-9876", "source": "/upstream/demo", "id": "evt-1"}
GOOD = encrypted(PAYLOAD, PUBLIC)


def header_of(jwe: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(jwe.split(".")[0] + "=="))
    return content


def with_header(jwe: str, **changes: Any) -> str:
    """The same with a header that says something else; a value of None takes a member away."""
    header = {name: value for name, value in (header_of(jwe) | changes).items() if value is not None}
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return ".".join([encoded, *jwe.split(".")[1:]])


def test_a_number_is_opened_with_the_published_key_and_with_older_ones() -> None:
    assert orjson.loads(KEYS.open(GOOD)) == PAYLOAD
    assert orjson.loads(KEYS.open(encrypted(PAYLOAD, OLDER.as_dict(private=False)))) == PAYLOAD


def test_only_the_newest_key_is_published_and_nothing_private_of_it() -> None:
    assert PUBLIC["kid"] == "intake-2"
    assert PUBLIC.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg", "enc"}
    assert (PUBLIC["use"], PUBLIC["alg"], PUBLIC["enc"]) == ("enc", "ECDH-ES+A256KW", "A256GCM")


@given(st.integers(0, len(GOOD) - 1), st.sampled_from("AQgwBZ.-_9!é\x00"))
def test_one_changed_letter_is_noticed(place: int, letter: str) -> None:
    changed = GOOD[:place] + letter + GOOD[place + 1 :]
    try:
        opened = KEYS.open(changed)
    except Undecryptable:
        return
    assert orjson.loads(opened) == PAYLOAD  # the same letter, or bits of the last one that base64 does not use
    assert changed == GOOD or place + 1 in {at for at, each in enumerate(GOOD + ".") if each == "."}


@given(st.text(max_size=300) | st.lists(st.text("AZaz09-_", max_size=40), min_size=4, max_size=6).map(".".join))
def test_any_text_that_is_no_jwe_to_us_is_refused_the_same(text: str) -> None:
    with pytest.raises(Undecryptable):
        KEYS.open(text)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists, max_leaves=9), st.data())
def test_any_value_in_the_header_is_refused_the_same(value: Any, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["alg", "enc", "kid", "epk", "apu", "apv", "zip", "crit", "p2c", "jwk", "x5c"]))
    given_there = header_of(GOOD).get(name)
    if value != given_there and not (value is None and given_there is None):
        with pytest.raises(Undecryptable):
            KEYS.open(with_header(GOOD, **{name: value}))


@pytest.mark.parametrize(
    "header",
    [{"alg": "ECDH-ES", "enc": "A256GCM"}, {"alg": "ECDH-ES+A128KW"}, {"enc": "A128GCM"}, {"enc": "A256CBC-HS512"}],
    ids=str,
)
def test_other_algorithms_are_refused_though_the_key_would_open_them(header: dict[str, str]) -> None:
    with pytest.raises(Undecryptable):
        KEYS.open(encrypted(PAYLOAD, PUBLIC, **header))


def test_alg_none_and_direct_use_of_a_public_key_as_secret_are_refused() -> None:
    for changes in ({"alg": "none"}, {"alg": "dir"}, {"alg": "A256KW"}, {"alg": "PBES2-HS256+A128KW", "p2c": 10**9}):
        with pytest.raises(Undecryptable):
            KEYS.open(with_header(GOOD, **changes))


def test_nothing_is_unpacked_so_that_little_cannot_become_much() -> None:
    bomb = encrypted(b" " * 50_000_000 + orjson.dumps(PAYLOAD), PUBLIC, zip="DEF")
    small = encrypted(PAYLOAD, PUBLIC, zip="DEF")
    for each in (bomb, small):
        started = time.process_time()
        with pytest.raises(Undecryptable):
            KEYS.open(each)
        assert time.process_time() - started < 0.05


def test_a_huge_one_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(Undecryptable):
        KEYS.open(encrypted({"number": "8" * 10_000}, PUBLIC))
    with pytest.raises(Undecryptable):
        KEYS.open("." * 10_000_000)


def test_another_kid_and_another_key_under_our_kid_are_refused() -> None:
    stranger = intake_key("intake-9")
    with pytest.raises(Undecryptable):
        KEYS.open(encrypted(PAYLOAD, stranger.as_dict(private=False)))
    with pytest.raises(Undecryptable):
        KEYS.open(encrypted(PAYLOAD, stranger.as_dict(private=False) | {"kid": "intake-2"}))


def test_a_point_that_is_not_on_the_curve_is_refused() -> None:
    off = header_of(GOOD)["epk"] | {"y": PUBLIC["x"]}
    with pytest.raises(Undecryptable):
        KEYS.open(with_header(GOOD, epk=off))


def test_another_sort_of_key_is_refused() -> None:
    key = RSAKey.generate_key(2048, {"kid": "intake-2"}, private=False)
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "intake-2"}
    with pytest.raises(Undecryptable):
        KEYS.open(encrypt_compact(header, b"{}", key, algorithms=["RSA-OAEP-256", "A256GCM"]))


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (PAYLOAD | {"id": "evt-2"}, "identity_not_for_this_request"),
        (PAYLOAD | {"source": "/upstream/other"}, "identity_not_for_this_request"),
        ({"number": "811218-9876"}, "identity_not_for_this_request"),
        ({"source": "/upstream/demo", "id": "evt-1"}, "identity_undecryptable"),
        (PAYLOAD | {"number": 8112189876}, "identity_undecryptable"),
        ([PAYLOAD], "identity_undecryptable"),
        ("811218-9876", "identity_undecryptable"),
    ],
    ids=str,
)
def test_a_payload_that_names_another_request_or_no_number_does_not_count(payload: Any, code: str) -> None:
    assert read_payload(orjson.dumps(payload), "/upstream/demo", "evt-1", "sent") == DecryptedNumber(
        code=code, sent="sent"
    )


@given(st.binary(max_size=200))
def test_any_bytes_in_the_place_of_a_payload_are_refused(payload: bytes) -> None:
    assert read_payload(payload, "/upstream/demo", "evt-1", "sent").number is None


def test_half_a_character_in_a_number_is_refused_and_not_passed_on() -> None:
    payload = b'{"number": "\\ud800", "source": "/upstream/demo", "id": "evt-1"}'
    assert read_payload(payload, "/upstream/demo", "evt-1", "sent").code == "identity_undecryptable"


def test_a_number_is_never_in_what_is_printed_of_it() -> None:
    number = read_payload(orjson.dumps(PAYLOAD), "/upstream/demo", "evt-1", "sent")
    assert number.number == "811218-9876"
    assert not tells_number(repr(number))


def test_a_new_key_in_the_file_is_found_when_somebody_has_encrypted_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = keys_in(tmp_path, OLDER)
    write_intake_keys(tmp_path, KEY, OLDER)
    with pytest.raises(Undecryptable):
        keys.open(GOOD)  # the file was read just now: unknown ids may not make us read it each time
    monkeypatch.setattr("chassis.key_files.LEAST_REFRESH_SECONDS", 0.0)
    assert orjson.loads(keys.open(GOOD)) == PAYLOAD
    (tmp_path / "intake-keys.json").write_text("half a fi")
    with pytest.raises(Undecryptable):
        keys.open(with_header(GOOD, kid="intake-3"))
    assert orjson.loads(keys.open(GOOD)) == PAYLOAD


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"keys": []}',
        '{"keys": [5]}',
        json.dumps({"keys": [KEY.as_dict(private=False)]}),
        json.dumps({"keys": [KEY.as_dict(private=True), KEY.as_dict(private=True)]}),
        json.dumps({"keys": [{**KEY.as_dict(private=True), "kid": ""}]}),
        json.dumps({"keys": [RSAKey.generate_key(2048, {"kid": "a"}, private=True).as_dict(private=True)]}),
        json.dumps({"keys": [ECKey.generate_key("P-384", {"kid": "a"}, private=True).as_dict(private=True)]}),
    ],
    ids=["empty", "no keys", "list", "none", "number", "public", "twice", "no kid", "RSA", "other curve"],
)
def test_a_file_of_keys_that_cannot_be_used_is_named_and_its_content_is_not(tmp_path: Path, content: str) -> None:
    (tmp_path / "intake-keys.json").write_text(content)
    with pytest.raises(SecretUnusable) as refused:
        IntakeKeys(tmp_path / "intake-keys.json")
    assert str(refused.value).startswith(str(tmp_path / "intake-keys.json"))
    assert str(KEY.as_dict(private=True)["d"]) not in str(refused.value)
