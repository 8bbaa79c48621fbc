"""Owns what a run of one test tells about a mutant: was its line run, from this tree, and what made the test fail.

A pytest plugin: `-p tests.mutants.witness --witness=FILE`, with `--mutated=FILE:FIRST-LAST` where there is a mutant.
"""

import json
import sys
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import chassis

RAN: set[int] = set()
FAILED: dict[str, list[str]] = {}
PASSED: set[str] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--witness", help="where to write what was seen")
    parser.addoption("--mutated", help="FILE:FIRST-LAST, the lines of the mutant")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Before any module of the tree is imported, so that what runs at import is seen too."""
    mutated: str | None = early_config.known_args_namespace.mutated
    if mutated:
        _watch(str(Path(mutated.rpartition(":")[0]).resolve()))


def _watch(file: str) -> None:
    def line(frame: FrameType, event: str, _argument: Any) -> Any:
        RAN.add(frame.f_lineno)
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        return line(frame, event, argument) if frame.f_code.co_filename == file else None

    sys.settrace(call)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    if call.excinfo is not None:
        FAILED[item.nodeid] = [call.when, call.excinfo.typename, str(call.excinfo.value)]
    elif call.when == "call":
        PASSED.add(item.nodeid)
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    sys.settrace(None)
    target = config.getoption("--witness")
    if target is None:
        return
    first, last = map(int, (config.getoption("--mutated") or ":0-0").rpartition(":")[2].split("-"))
    seen = {
        "chassis": chassis.__file__,
        "ran": sorted(RAN & set(range(first, last + 1))),
        "failed": FAILED,
        "passed": sorted(PASSED - FAILED.keys()),
    }
    Path(target).write_text(json.dumps(seen), "utf-8")
