"""Who may import whom: the contracts of .importlinter are kept, and each breaks when its violation is planted."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from configparser import ConfigParser
from pathlib import Path

import grimp
import pytest

from tests.house import import_report
from tests.house.planted_imports import ALLOWED, FORBIDDEN, Plant
from tests.house.tree import PRODUCT, ROOT, is_migration, python_files

NOTHING = Plant("schemas/__init__.py", "", frozenset())
Broken = dict[Plant, frozenset[str]]


def contracts() -> set[str]:
    parser = ConfigParser()
    parser.read(ROOT / ".importlinter")
    return {section.rpartition(":")[2] for section in parser.sections() if ":contract:" in section}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Broken:
    """The contracts that each plant breaks in a copy of the packages."""
    copy = tmp_path_factory.mktemp("planted")
    shutil.copy(ROOT / ".importlinter", copy)
    for package in PRODUCT:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    plants = (NOTHING, *FORBIDDEN, *ALLOWED)
    done = subprocess.run(
        [sys.executable, "-S", import_report.__file__],
        input=json.dumps([{plant.file: plant.source} for plant in plants]),
        cwd=copy,
        # Without site there is no editable install, which would lead to the real packages.
        env={
            "PYTHONPATH": os.pathsep.join([str(copy), *{sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}])
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {plant: frozenset(ids) for plant, ids in zip(plants, json.loads(done.stdout), strict=True)}


def test_every_contract_is_kept(broken: Broken) -> None:
    assert broken[NOTHING] == frozenset(), "run `make lint` to see the imports"


@pytest.mark.parametrize("plant", FORBIDDEN, ids=lambda plant: plant.sentence)
def test_a_planted_import_breaks_its_contracts_and_no_other(plant: Plant, broken: Broken) -> None:
    assert broken[plant] - broken[NOTHING] == plant.breaks - broken[NOTHING]


@pytest.mark.parametrize("plant", ALLOWED, ids=lambda plant: plant.sentence)
def test_a_driver_may_be_imported_at_home(plant: Plant, broken: Broken) -> None:
    assert broken[plant] == broken[NOTHING]


def test_every_contract_has_a_violation_that_breaks_it_alone() -> None:
    alone = {contract for plant in FORBIDDEN if len(plant.breaks) == 1 for contract in plant.breaks}
    assert alone == contracts()


def test_the_linter_sees_every_module() -> None:
    seen = grimp.build_graph(*PRODUCT, cache_dir=None).modules
    modules = {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for path in python_files()
        if path.parts[0] in PRODUCT and not is_migration(path)
    }
    assert modules - seen == set(), "a folder without __init__.py is outside all rules"


def test_plants_are_made_where_the_project_has_modules() -> None:
    gone = {plant.file for plant in FORBIDDEN if not (ROOT / Path(plant.file).parent).is_dir()}
    assert gone == set()
