"""Logs never hold what looks like a personal number or an e-mail address."""

import json
import subprocess
import sys

import pytest

from chassis.failures import NotNow
from chassis.logs import scrub, told

NUMBERS = [
    *("811218-9876", "8112189876", "19811218-9876", "198112189876", "811218+9876", "811218 9876", "701063-2391"),
    *("1981-12-18-9876", "81-12-18-9876", "1981.12.18.9876", "1981/12/18 9876", "811218.9876", "811218/9876"),
    "811218_9876",
]


@pytest.mark.parametrize("number", NUMBERS)
def test_personal_and_coordination_numbers_are_taken_out_in_every_spelling(number: str) -> None:
    assert number not in scrub(f"person {number} failed")
    assert number[-4:] not in scrub(f"({number})")


def test_ids_times_and_organisation_numbers_stay() -> None:
    text = "019cadd3-63f0-7f5d-9565-a2267d729eaa 2026-03-02T09:13:58Z 556036-0793 offset 123456789012345 1211.123456"
    assert scrub(text) == text


def test_log_lines_are_scrubbed_in_fields_and_tracebacks_of_every_library() -> None:
    code = (
        "import logging, structlog; from chassis.logs import configure; configure('toy', 'info');"
        "structlog.get_logger().info('x', nested=['811218-9876', 'karin@example.se', b'8112189876']);"
        "structlog.get_logger().info('number', person=198112189876);"
        "log = logging.getLogger('library')\n"
        "try: raise ValueError('811218-9876')\n"
        "except ValueError: log.exception('failed for 811218-9876')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "811218" not in done.stderr
    assert "karin@" not in done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert lines[0]["event"] == "x"
    assert lines[2]["exception"] == "ValueError"


def test_a_drivers_text_is_not_logged_since_it_quotes_the_row() -> None:
    class CheckViolationError(Exception):
        """Stands for asyncpg's, whose text has a DETAIL with the whole row."""

    assert told(CheckViolationError("DETAIL: Failing row contains (Anna Andersson)")) == "CheckViolationError"
    assert told(NotNow("the lease ended")) == "NotNow: the lease ended"
