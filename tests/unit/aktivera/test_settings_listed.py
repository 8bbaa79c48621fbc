"""What the environment can say stands in .env.example, and the version in one more place than pyproject.toml."""

import re
import tomllib

from aktivera import VERSION
from tests.house.env_example import FILE
from tests.house.tree import ROOT, python_files

NO_SETTINGS = {
    "AKTIVERA_X",  # a test's own
    "AKTIVERA_TEST",  # a beginning
    "AKTIVERA_VERSION",  # docker-compose.yml's
}


def test_every_name_that_the_code_reads_is_in_env_example() -> None:
    named = {
        name for path in python_files() for name in re.findall(r"\bAKTIVERA_[A-Z_]*[A-Z]\b", (ROOT / path).read_text())
    }
    listed = set(re.findall(r"^#?(AKTIVERA_[A-Z_]+)=", FILE.read_text(), re.MULTILINE))
    assert named - NO_SETTINGS - listed == set()


def test_the_version_is_the_package_s() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
