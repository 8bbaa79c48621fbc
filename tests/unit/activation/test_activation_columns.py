"""State and table agree on the columns."""

from services.activation.domain.activation import Activation
from services.activation.store.columns import COLUMNS, row_of
from tests.unit.activation.events import listed


def test_a_row_reads_as_the_state_it_was_made_from() -> None:
    state = listed()

    again = Activation(*row_of(state))

    assert {name: getattr(again, name) for name in COLUMNS} == {name: getattr(state, name) for name in COLUMNS}
    assert again.ordered == {}
    assert again.joined == ()
