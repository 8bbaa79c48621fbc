"""Owns the list of all mutants, table by table."""

from tests.mutants import table
from tests.mutants.of_onboarding import ONBOARDING

MUTANTS = [*table.MUTANTS, *ONBOARDING]
