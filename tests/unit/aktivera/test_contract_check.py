"""`aktivera contract check` says offline what the service would say: codes, places, both languages, exit code."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from aktivera.cli import app
from aktivera.contract_check import check
from schemas.catalogue import CATALOGUE
from schemas.errors import ERRORS
from schemas.generate import EXAMPLES
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import NOW, association, cloud_event, content

FILES = sorted(path for row in CATALOGUE for path in (EXAMPLES / row.name).glob("*.json"))


def run(*arguments: str, sent: bytes = b"") -> tuple[int, str]:
    done = CliRunner().invoke(app, ["contract", "check", *arguments], input=sent)
    return done.exit_code, done.output


def event(**attributes: Any) -> bytes:
    return orjson.dumps(cloud_event(**attributes))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_is_right_or_refused_as_its_name_says(path: Path) -> None:
    sent = path.read_bytes()
    report = check(sent, (), datetime.fromisoformat(json.loads(sent).get("time", NOW.isoformat())))
    assert (report.code is None) is not path.stem.startswith("invalid-"), report
    if report.code is not None:
        assert report.code in ERRORS
        assert report.errors


def test_a_missing_attribute_is_named_in_both_languages() -> None:
    document = cloud_event()
    del document["id"]
    code, said = run("-", sent=orjson.dumps(document))
    assert code == 1
    assert "sv: Posten följer inte CloudEvents 1.0: id saknas" in said
    assert "en: The record does not follow CloudEvents 1.0: id is missing" in said


def test_every_code_is_told_with_its_place_in_both_languages() -> None:
    data = {"agency": "byra-ett"} | content(details__name="", licences__confirmation_email="x")
    code, said = run("-", sent=event(data=data))
    assert code == 1
    assert said.splitlines() == [
        "would be refused: invalid_content",
        "  /details/name: required",
        f"    sv: {ERRORS['required'].detail_sv}",
        f"    en: {ERRORS['required'].detail_en}",
        "  /licences/confirmation_email: invalid_email",
        f"    sv: {ERRORS['invalid_email'].detail_sv}",
        f"    en: {ERRORS['invalid_email'].detail_en}",
    ]


def test_what_is_right_exits_with_nothing_wrong() -> None:
    assert run("-", sent=event()) == (0, "right: se.aktivera.onboarding.requested.v1\n")


def test_the_report_can_be_read_by_a_machine() -> None:
    code, said = run("-", "--json", sent=event(type="se.aktivera.onboarding.wished.v1"))
    found = json.loads(said)
    assert (code, found["code"], found["accepted"]) == (1, "unknown_event_type", False)
    assert [(each["pointer"], each["code"]) for each in found["errors"]] == [("/type", "unknown_event_type")]


def test_binary_mode_is_checked_with_its_headers() -> None:
    whole = cloud_event()
    data = orjson.dumps(whole.pop("data"))
    headers = [f"--header=ce_{name}: {value}" for name, value in whole.items()]
    assert run("-", *headers, "--header=content-type: application/json", sent=data)[0] == 0
    code, said = run("-", *headers, "--header=content-type: text/csv", sent=data)
    assert (code, said.splitlines()[0].split(" (")[0]) == (1, "would be refused: unsupported_media_type")


def test_a_number_that_only_its_receiver_can_open_is_said_not_to_be_checked() -> None:
    identity = {"kind": "association_without_orgnr", "number_jwe": "aa.bb.cc.dd.ee", "responsible_person": "Berit"}
    report = check(event(data={"agency": "byra-ett"} | content(details__identity=identity)), (), NOW)
    assert (report.code, report.notes) == (None, ["/details/identity/number_jwe can be opened by its receiver alone"])


def test_a_number_in_the_clear_is_refused_and_not_repeated() -> None:
    code, said = run("-", sent=event(data={"agency": "byra-ett"} | content(details__identity=association())))
    assert (code, "identity_must_be_encrypted" in said) == (1, True)
    assert not tells_number(said)


def test_what_the_rule_book_takes_beyond_the_published_schema_is_noted() -> None:
    data = {"agency": "byra-ett"} | content(details__address__country="se")
    report = check(event(data=data), (), NOW)
    assert report.code is None
    assert report.notes == ["the published schema does not promise what stands at /details/address/country"]


def test_a_file_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    code, said = run(str(tmp_path / "nothing.json"))
    assert (code, said) == (1, f"{tmp_path / 'nothing.json'} cannot be read: No such file or directory\n")
