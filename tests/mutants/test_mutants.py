"""The list of mutants fits the code as it is, and only a test that asserts kills one."""

import subprocess
import sys
from typing import Any

import pytest

from tests.infrastructure import ROOT
from tests.mutants.every import MUTANTS
from tests.mutants.mutant import Mutant, StaleMutant
from tests.mutants.run import verdict_on

SOURCE = 'A = """one\ntwo\nthree"""\n\n\ndef f(x):\n    if x:\n        return 1\n    return 2\n'


def mutant(old: str = "", new: str = "") -> Mutant:
    return Mutant("a name", "A promise.", "a.py", old, new, TEST)


@pytest.mark.parametrize("each", MUTANTS, ids=lambda each: each.name)
def test_a_mutant_changes_the_code_as_it_is(each: Mutant) -> None:
    source = (ROOT / each.file).read_text("utf-8")
    assert each.apply(source)[0] != source


def test_the_test_of_each_mutant_is_there() -> None:
    """pytest runs none of the tests it is given where one of them is missing."""
    tests = {each.test for each in MUTANTS}
    files = sorted({test.partition("::")[0] for test in tests})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--no-header", "-m", "", *files]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert tests - set(listed.stdout.splitlines()) == set()


def test_names_are_given_once() -> None:
    assert len({each.name for each in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("old", ["return 3", "return"])
def test_a_text_that_is_not_there_once_is_stale(old: str) -> None:
    with pytest.raises(StaleMutant):
        mutant(old, "pass").apply(SOURCE)


def test_a_mutant_that_is_no_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        mutant("if x:", "if :").apply(SOURCE)


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("two", "2", (1, 3)),
        ("if x:", "if False:", (7, 7)),
        ("return 2", "return 3", (9, 9)),
        ("        return 1\n", "        pass\n        return 3\n", (8, 9)),
    ],
    ids=["a line of a text", "a condition", "a statement", "two statements"],
)
def test_what_must_run_is_the_statement_that_changed(old: str, new: str, lines: tuple[int, int]) -> None:
    assert mutant(old, new).apply(SOURCE)[1] == lines


TEST = "test_a.py::test_a"


@pytest.mark.parametrize(
    ("ran", "outcome", "verdict"),
    [
        ([1], {"failed": {TEST: ["call", "AssertionError", "not within 5 s"]}}, "killed"),
        ([1], {"failed": {TEST: ["call", "Failed", "DID NOT RAISE <class 'X'>"]}}, "killed"),
        ([1], {"passed": [TEST]}, "survived"),
        ([], {"passed": [TEST]}, "never run"),
        ([], {"failed": {TEST: ["call", "AssertionError", ""]}}, "never run"),
        ([1], {}, "broken, not killed"),
        ([1], {"failed": {TEST: ["call", "Failed", "Timeout (>300.0s) from pytest-timeout."]}}, "broken, not killed"),
        ([1], {"failed": {TEST: ["call", "ImportError", "no name"]}}, "broken, not killed"),
        ([1], {"failed": {TEST: ["setup", "AssertionError", ""]}}, "broken, not killed"),
    ],
)
def test_only_an_assertion_kills(ran: list[int], outcome: dict[str, Any], verdict: str) -> None:
    assert verdict_on(mutant(), {"ran": ran, "failed": {}, "passed": [], **outcome})[0] == verdict
