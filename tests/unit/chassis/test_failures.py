"""What may succeed later by itself, and what never will."""

import asyncpg
import pytest
from asyncpg.exceptions import _base as driver

from chassis.failures import NotNow, is_transient

QUOTED = "invalid input for query argument $1: 'Enclosed AB' (value out of int64 range)"


@pytest.mark.parametrize(
    "error",
    [
        NotNow(),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.TooManyConnectionsError(),
        asyncpg.IdleInTransactionSessionTimeoutError(),
        ConnectionResetError(),
    ],
)
def test_what_is_away_may_come_back(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [driver.DataError(QUOTED), asyncpg.CharacterNotInRepertoireError(QUOTED), asyncpg.ProgramLimitExceededError()],
)
def test_a_value_that_cannot_be_stored_cannot_be_stored_later_either(error: Exception) -> None:
    assert not is_transient(error)
