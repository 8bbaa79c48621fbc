"""Files and functions stay small, say what they own, and are named in the terms of the field."""

from pathlib import Path
from statistics import median

import pytest

from tests.house.sizes import complaints
from tests.house.tree import PRODUCT, ROOT, is_migration, python_files

OWNS = '"""Owns something."""\n'
HERE = Path("chassis/thing.py")


def function(lines: int, docstring: str = "") -> str:
    """Source of a function with that many lines, `def` included, beside its docstring."""
    return f"{OWNS}def f():\n{docstring}" + "    x = 1\n" * (lines - 1)


def test_every_file_is_small_and_says_what_it_owns() -> None:
    assert [each for path in python_files() for each in complaints(path, (ROOT / path).read_text("utf-8"))] == []


def test_half_of_the_shipped_files_have_ninety_lines_or_fewer() -> None:
    shipped = [path for path in python_files() if path.parts[0] in PRODUCT and not is_migration(path)]
    assert median(len((ROOT / path).read_text("utf-8").splitlines()) for path in shipped) <= 90


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (HERE, OWNS + "x = 1\n" * 300),
        (HERE, function(51)),
        (HERE, function(51, '    """One.\n\n    Two.\n    """\n')),
        (HERE, function(51).replace("def", "async def")),
        (HERE, OWNS + "class A:\n    def f(self):\n" + "        x = 1\n" * 50),
        (HERE, "from chassis import ids\n"),
        (HERE, "\n" + OWNS),
        (HERE, "# a comment first\n" + OWNS),
        (Path("chassis/utils.py"), OWNS),
        (Path("services/common/clock.py"), OWNS),
        (Path("services/activation/helpers/__init__.py"), OWNS),
        (Path("chassis/manager.py"), OWNS),
        (Path("chassis/migrations/versions/0001_x.py"), "x = 1\n"),
    ],
    ids=lambda value: str(value) if isinstance(value, Path) else "",
)
def test_a_planted_file_that_breaks_one_rule_gets_one_complaint(path: Path, source: str) -> None:
    assert len(complaints(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (HERE, OWNS + "x = 1\n" * 299),
        (HERE, function(50)),
        (HERE, function(50, '    """One.\n\n    Two.\n    """\n')),
        (HERE, "#!/usr/bin/env python3\n" + OWNS),
        (Path("tests/__init__.py"), ""),
        (Path("chassis/migrations/versions/0001_x.py"), OWNS + "x = 1\n" * 400),
    ],
)
def test_a_file_within_the_rules_gets_none(path: Path, source: str) -> None:
    assert complaints(path, source) == []
