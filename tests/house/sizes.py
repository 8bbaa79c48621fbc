"""What a Python file may look like: how long it and its functions are, how it begins, what it is called."""

import ast
from pathlib import Path

LONGEST_FILE = 300
LONGEST_FUNCTION = 50
SAYS_NOTHING = {"common", "util", "utils", "helper", "helpers", "manager", "managers", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def complaints(path: Path, source: str) -> list[str]:
    """What is wrong with one file, as sentences."""
    if not source.strip():
        return []
    found = [f"{path}: the name {part!r} says nothing" for part in path.with_suffix("").parts if part in SAYS_NOTHING]
    module = ast.parse(source)
    if ast.get_docstring(module) is None or module.body[0].lineno != 1 + source.startswith("#!"):
        found.append(f"{path}: the first line does not say what the file owns")
    if "migrations" in path.parts:  # one statement after another, never read as a whole
        return found
    if (lines := len(source.splitlines())) > LONGEST_FILE:
        found.append(f"{path}: {lines} lines, at most {LONGEST_FILE}")
    functions = [node for node in ast.walk(module) if isinstance(node, Function)]
    return found + [
        f"{path}:{each.lineno}: {each.name} has {length(each)} lines, at most {LONGEST_FUNCTION}"
        for each in functions
        if length(each) > LONGEST_FUNCTION
    ]


def length(function: Function) -> int:
    """Lines from `def` to the end, without the docstring."""
    assert function.end_lineno is not None
    docstring = 0
    if ast.get_docstring(function) is not None:
        first = function.body[0]
        assert first.end_lineno is not None
        docstring = first.end_lineno - first.lineno + 1
    return function.end_lineno - function.lineno + 1 - docstring
