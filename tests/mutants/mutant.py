"""Owns what a mutant is: its change, how that is put into a file, and which lines must run for it to count."""

import ast
import operator
from dataclasses import dataclass
from itertools import takewhile


class StaleMutant(Exception):  # named after the fact
    """The text that a mutant changes is not there, or more than once."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change that breaks a promise, and the one test that must notice it."""

    name: str
    promise: str
    file: str
    old: str
    new: str
    test: str

    def apply(self, source: str) -> tuple[str, tuple[int, int]]:
        """The mutated source, and the first and last line of which one must run.

        Raises StaleMutant, and SyntaxError where the mutant is no Python.
        """
        if (count := source.count(self.old)) != 1:
            raise StaleMutant(f"its text stands {count} times in {self.file}")
        mutated = source.replace(self.old, self.new)
        return mutated, _running_lines(ast.parse(mutated), *_changed_lines(source, mutated))


def _changed_lines(source: str, mutated: str) -> tuple[int, int]:
    before = _alike(source, mutated)
    behind = _alike(source[before:][::-1], mutated[before:][::-1])
    return mutated.count("\n", 0, before) + 1, mutated.count("\n", 0, len(mutated) - behind) + 1


def _alike(one: str, other: str) -> int:
    return sum(takewhile(bool, map(operator.eq, one, other)))


def _running_lines(module: ast.Module, first: int, last: int) -> tuple[int, int]:
    """All lines of the one statement that changed: a query's text runs where its statement begins."""
    around = [
        (node.lineno, -(node.end_lineno or node.lineno), hasattr(node, "body"))
        for node in ast.walk(module)
        if isinstance(node, ast.stmt) and node.lineno <= first and (node.end_lineno or 0) >= last
    ]
    begins, ends, is_block = max(around, default=(first, -last, True))
    return (first, last) if is_block else (begins, -ends)
