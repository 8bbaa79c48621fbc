"""Owns the list of every mutant, which stand in modules by what they are about."""

from tests.mutants.bell_and_rates import BELL_AND_RATES
from tests.mutants.client_life import CLIENT_LIFE
from tests.mutants.contract import CONTRACT
from tests.mutants.loops import LOOPS
from tests.mutants.mail import MAIL
from tests.mutants.passed_over import PASSED_OVER
from tests.mutants.sealed import SEALED
from tests.mutants.senders import SENDERS
from tests.mutants.statistics import STATISTICS
from tests.mutants.table import MUTANTS as CHASSIS_AND_SERVICES
from tests.mutants.ways_in import WAYS_IN

MUTANTS = [
    *CHASSIS_AND_SERVICES,
    *LOOPS,
    *WAYS_IN,
    *CLIENT_LIFE,
    *SENDERS,
    *PASSED_OVER,
    *MAIL,
    *BELL_AND_RATES,
    *STATISTICS,
    *CONTRACT,
    *SEALED,
]
