"""Which states wait is written in one place, in the words of the partial indexes."""

import re
from pathlib import Path

from services.notifier import store
from services.notifier.store.turns import WAITS

STORE = Path(store.__file__).parent
INDEXES = STORE.parent / "migrations" / "versions" / "0011_give_mails_turns.py"


def test_what_waits_is_said_as_the_indexes_say_it() -> None:
    """Would break: a query whose condition no index was made with reads the whole table."""
    assert INDEXES.read_text("utf-8").count(f"where {WAITS}") == 3


def test_no_query_says_by_itself_what_waits() -> None:
    assert [
        path.name for path in STORE.glob("*.py") if re.search(r"'pending',\s*'retry'", path.read_text("utf-8"))
    ] == []
