"""Routes and what they depend on are coroutines: the framework hands anything else to a thread, which costs its hop."""

import ast
from collections.abc import Iterable

import pytest

from tests.house.tree import ROOT, python_files

VERBS = {"get", "post", "put", "patch", "delete"}


def in_threads(sources: Iterable[str]) -> set[str]:
    """The plain functions that are routes, or that their own module or one that imports them depends on."""
    trees = [ast.parse(source) for source in sources]
    elsewhere = {name for tree in trees for name in _depended(tree) & _imported(tree)}
    found = set()
    for tree in trees:
        depended = _depended(tree) | elsewhere
        plain = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        found |= {node.name for node in plain if node.name in depended or any(map(_routes, node.decorator_list))}
    return found


def _depended(tree: ast.Module) -> set[str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    names = [node.args[0] for node in calls if getattr(node.func, "id", "") == "Depends"]
    return {name.id for name in names if isinstance(name, ast.Name)}


def _imported(tree: ast.Module) -> set[str]:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in imports for alias in node.names}


def _routes(decorator: ast.expr) -> bool:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(function, ast.Attribute) and function.attr in VERBS and "router" in ast.unparse(function.value)


def test_no_request_waits_for_a_thread() -> None:
    files = [path for path in python_files() if path.parts[0] in {"chassis", "services"}]
    assert in_threads((ROOT / path).read_text("utf-8") for path in files) == set()


@pytest.mark.parametrize(
    "source",
    [
        "def f(): ...\nx = Annotated[str, Depends(f)]",
        "router = APIRouter(dependencies=[Depends(f)])\ndef f(): ...",
        "@router.get('/x')\ndef f(): ...",
        "@router.post('/x', status_code=201)\ndef f(): ...",
    ],
)
def test_a_plain_function_is_found(source: str) -> None:
    assert in_threads([source]) == {"f"}
    assert in_threads([source.replace("def f", "async def f")]) == set()
