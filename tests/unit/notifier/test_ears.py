"""What an ear of a stream keeps: enough that nothing is passed over, and never more than its bound."""

from services.notifier.listening import CHANGED_AT_ONCE, SHOWN, Ear
from services.notifier.store.pokes import GONE, MANY


def begun(position: int) -> Ear:
    ear = Ear()
    ear.begin(position)
    ear.take()
    ear.looked(position)
    return ear


def test_what_is_poked_while_the_table_is_looked_at_is_told_again() -> None:
    """Whether item 6 was read before or after it changed is not known."""
    ear = begun(5)
    ear.poke(6)
    assert ear.take() == (False, set())
    for number in (6, 7):
        ear.poke(number)
    ear.looked(6)
    assert ear.take() == (False, {6})  # 7 is new yet
    assert ear.take() == (False, set())


def test_a_new_item_is_no_changed_one() -> None:
    ear = begun(5)
    for number in (6, 7, 3):
        ear.poke(number)
    assert ear.take() == (False, {3})


def test_many_new_items_are_no_reason_to_read_anew() -> None:
    ear = begun(5)
    for number in range(6, 7 + 2 * CHANGED_AT_ONCE):
        ear.poke(number)
    assert ear.take() == (False, set())


def test_more_changed_items_than_are_kept_are_one_reading_anew() -> None:
    ear, kept = begun(1000), set(range(1, CHANGED_AT_ONCE + 1))
    for number in (*kept, *kept):
        ear.poke(number)
    assert ear.take() == (False, kept)
    ear.looked(1000)
    for number in (*kept, CHANGED_AT_ONCE + 1):
        ear.poke(number)
    assert ear.take() == (True, set())
    assert ear.take() == (False, set())
    ear.looked(1000)
    ear.poke(MANY)
    assert ear.take() == (True, set())


def test_whoever_comes_again_is_told_of_a_page_of_what_they_knew() -> None:
    ear = Ear()
    ear.begin(70, again=True)
    assert ear.take() == (False, set(range(71 - SHOWN, 71)))
    ear = Ear()
    ear.begin(2, again=True)
    assert ear.take() == (False, {1, 2})


def test_whoever_comes_for_the_first_time_is_told_of_nothing_that_changed() -> None:
    ear = Ear()
    ear.begin(70)
    assert ear.take() == (False, set())


def test_a_poke_wakes_whoever_listens_until_it_is_taken() -> None:
    """Also one that only says that somebody has left, or that there is something new."""
    for number in (GONE, MANY, 3, 9):
        ear = begun(5)
        ear.poke(number)
        assert (ear.heard.is_set(), ear.gone) == (True, number == GONE)
        ear.take()
        assert not ear.heard.is_set()
