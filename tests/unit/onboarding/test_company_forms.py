"""Whether a number's first digit fits the company form that a name says."""

import pytest

from services.onboarding.domain.company_forms import fits_form


@pytest.mark.parametrize(
    ("ten", "name"),
    [
        ("5560360793", "Exempelbolaget AB"),
        ("5560360793", "AB Exempel (publ)"),
        ("5560360793", "Exempelbolaget"),
        ("5560360793", "Abborre fiske"),
        ("9696000000", "Berg & Dahl HB"),
        ("7696000000", "Brf Solsidan"),
        ("8020001239", "Stiftelsen Exempel"),
        ("5560360793", "Kommun och Stad AB"),
    ],
)
def test_a_number_whose_group_fits_the_name_is_no_matter(ten: str, name: str) -> None:
    assert fits_form("organisation", ten, name)


@pytest.mark.parametrize(
    ("ten", "name"),
    [
        ("8020001239", "Exempelbolaget AB"),
        ("5560360793", "Berg & Dahl Handelsbolag"),
        ("5560360793", "Bowlingklubben, ideell förening"),
        ("2120000142", "Exempelbolaget AB (publ)"),
        ("4020001239", "Exempel"),
    ],
)
def test_a_number_of_another_group_is_a_mismatch(ten: str, name: str) -> None:
    assert not fits_form("organisation", ten, name)


def test_a_persons_number_has_no_group() -> None:
    assert fits_form("sole_trader", "8112189876", "Exempel AB")
