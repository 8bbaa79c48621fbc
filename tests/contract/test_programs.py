"""The programs: their data hold together, and the read-only licence caps what it covers."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from schemas.generate import HERE
from schemas.programs import PROGRAMS, Part, load

DOCUMENT: dict[str, Any] = json.loads((HERE / "programs.json").read_text(encoding="utf-8"))
LEVELS = [["none", "on"], ["none", "read", "write"]]
NAMED = """
    bookkeeping invoicing payroll quotes_and_orders time receipts fixed_assets archive stock read_only
    supplier_invoice_approval direct_debit integration
"""


def document_problems(document: dict[str, Any]) -> list[str]:
    """What does not hold together in a document of programs.json's form."""
    holders = [*document["programs"], *document["groups"]]
    programs = [row["id"] for row in document["programs"]]
    found = [f"{each}: twice" for each in _twice([row["id"] for row in holders])]
    for holder in holders:
        found += _part_problems(holder, programs)
        strange = set(holder.get("covers", ())) - set(programs)
        found += [f"{holder['id']}: covers {each}, which is no program" for each in sorted(strange)]
        if ("cap" in holder) is not ("covers" in holder):
            found.append(f"{holder['id']}: cap and covers go together")
    return found


def _part_problems(holder: dict[str, Any], programs: list[str]) -> list[str]:
    parts = {part["id"]: part for part in holder["parts"]}
    found = [f"{holder['id']}.{each}: twice" for each in _twice([part["id"] for part in holder["parts"]])]
    for name, part in parts.items():
        wrong = {
            "no such parent": part.get("parent") is not None and part["parent"] not in parts,
            "its own ancestor": _circles(part, parts),
            "levels": part["levels"] not in LEVELS,
            "no such program": not set(part.get("programs", programs)) <= set(programs),
            "no program opens it": part.get("programs") == [],
            "only_views needs none and on": part.get("only_views", False) and part["levels"] != LEVELS[0],
            "a name is missing": not (part["name_sv"] and part["name_en"]),
        }
        found += [f"{holder['id']}.{name}: {what}" for what, is_wrong in wrong.items() if is_wrong]
    return found


def _circles(part: dict[str, Any], parts: dict[str, dict[str, Any]]) -> bool:
    seen: set[str] = set()
    while part["id"] not in seen:
        seen.add(part["id"])
        if part.get("parent") not in parts:
            return False
        part = parts[part["parent"]]
    return True


def _twice(names: list[str]) -> list[str]:
    return sorted({each for each in names if names.count(each) > 1})


def test_the_programs_hold_together() -> None:
    assert document_problems(DOCUMENT) == []


def test_the_programs_of_the_field_are_there() -> None:
    assert list(PROGRAMS.programs) == NAMED.split()
    assert list(PROGRAMS.groups) == ["registers", "reports"]
    assert all(program.orderable and not program.retired for program in PROGRAMS.programs.values())


def _part(document: dict[str, Any], number: int = 0) -> dict[str, Any]:
    part: dict[str, Any] = document["programs"][0]["parts"][number]
    return part


@pytest.mark.parametrize(
    ("plant", "problem"),
    [
        (lambda d: d["programs"].append(d["programs"][0]), "bookkeeping: twice"),
        (lambda d: d["programs"][0]["parts"].append(_part(d)), "bookkeeping.vouchers: twice"),
        (lambda d: _part(d).update(parent="nobody"), "bookkeeping.vouchers: no such parent"),
        (lambda d: _part(d).update(parent="voucher_templates"), "bookkeeping.vouchers: its own ancestor"),
        (lambda d: _part(d).update(levels=["read"]), "bookkeeping.vouchers: levels"),
        (lambda d: _part(d).update(only_views=True), "bookkeeping.vouchers: only_views needs none and on"),
        (lambda d: _part(d).update(name_sv=""), "bookkeeping.vouchers: a name is missing"),
        (lambda d: d["groups"][0]["parts"][0].update(programs=["games"]), "registers.articles: no such program"),
        (lambda d: d["groups"][0]["parts"][0].update(programs=[]), "registers.articles: no program opens it"),
        (lambda d: d["programs"][9].update(covers=["games"]), "read_only: covers games, which is no program"),
        (lambda d: d["programs"][9].pop("cap"), "read_only: cap and covers go together"),
    ],
)
def test_a_planted_fault_is_reported(plant: Callable[[dict[str, Any]], None], problem: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    plant(document)
    assert problem in document_problems(document)


def test_parents_know_their_children() -> None:
    children = PROGRAMS.programs["payroll"].children_of("calendar")
    assert [part.id for part in children] == ["edit_registrations", "view_payslips", "view_balances", "guided_runs"]


def test_the_read_only_licence_opens_what_it_covers_for_reading() -> None:
    vouchers = _found("bookkeeping", "vouchers")
    assert PROGRAMS.licences_for(vouchers) == {"bookkeeping": None, "read_only": "read"}
    assert [vouchers.allows(level, "read") for level in vouchers.levels] == [True, True, False]
    assert [vouchers.allows(level, None) for level in vouchers.levels] == [True, True, True]
    assert PROGRAMS.licences_for(_found("archive", "files")) == {"archive": None}


def test_a_switch_that_only_shows_something_is_within_the_read_only_licence() -> None:
    assert _found("payroll", "view_payslips").allows("on", "read")
    assert not _found("payroll", "approval").allows("on", "read")


def test_a_shared_part_is_opened_by_any_of_its_programs() -> None:
    assert set(PROGRAMS.licences_for(_found("registers", "staff"))) == {"payroll", "time", "receipts", "read_only"}


def test_what_does_not_exist_is_not_found() -> None:
    assert PROGRAMS.part("bookkeeping", "chess") is None
    assert PROGRAMS.part("games", "chess") is None


def test_a_retired_program_says_so() -> None:
    old = {"id": "old", "name_sv": "Gammalt", "name_en": "Old", "parts": [], "orderable": False, "retired": True}
    program = load({"programs": [old], "groups": []}).programs["old"]
    assert program.retired
    assert not program.orderable


def _found(holder: str, part: str) -> Part:
    found = PROGRAMS.part(holder, part)
    assert found is not None
    return found
