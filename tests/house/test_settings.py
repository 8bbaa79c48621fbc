"""Every setting is described, carries its unit, and stands in .env.example, which holds nothing else."""

from pathlib import Path

import pytest
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from tests.house.env_example import FILE, render
from tests.house.settings_models import models, settings_of
from tests.house.tree import ROOT

ALL = [setting for prefix, model in models() for setting in settings_of(prefix, model)]


class Planted(BaseSettings):
    """Planted."""

    model_config = SettingsConfigDict(env_prefix="PLANTED_")

    patience_seconds: float = Field(5, description="how long")
    patience: float = Field(5, description="a quantity without its unit")
    delays: tuple[int, ...] = Field((1, 2), description="quantities without their unit")
    silent: str = "no description"


def test_env_example_is_what_the_settings_models_say() -> None:
    assert FILE.read_text("utf-8") == render(), "run python -m tests.house.env_example"


def test_a_planted_setting_makes_env_example_stale() -> None:
    planted = render([*models(), ("PLANTED_", Planted)])
    assert planted != render()
    assert "# how long [seconds]\n#PLANTED_PATIENCE_SECONDS=5\n" in planted


def test_every_setting_is_described_and_a_quantity_ends_in_its_unit() -> None:
    assert [complaint for setting in ALL for complaint in setting.complaints] == []


def test_planted_settings_without_unit_or_description_are_found() -> None:
    assert [complaint for setting in settings_of("PLANTED_", Planted) for complaint in setting.complaints] == [
        "PLANTED_PATIENCE is a quantity and its name ends in no unit",
        "PLANTED_DELAYS is a quantity and its name ends in no unit",
        "PLANTED_SILENT has no description",
    ]


def test_every_service_has_its_settings_and_its_database_owner_listed() -> None:
    services = {path.name for path in (ROOT / "services").iterdir() if (path / "migrations").is_dir()}
    for word in ("DATABASE_DSN", "OWNER_DSN"):
        assert {setting.name for setting in ALL} >= {f"{service.upper()}_{word}" for service in services}


def test_settings_are_declared_where_the_list_looks_for_them() -> None:
    found = {Path(*model.__module__.split(".")).with_suffix(".py") for _, model in models()}
    assert {path.relative_to(ROOT) for path in (ROOT / "services").glob("*/settings.py")} <= found


def values(*, with_defaults: bool) -> dict[str, str]:
    """The assignments of .env.example; those that are off as well, where they give a value."""
    lines = [line for line in FILE.read_text("utf-8").splitlines() if "=" in line and not line.startswith("# ")]
    pairs = [line.lstrip("#").split("=", 1) for line in lines if with_defaults or not line.startswith("#")]
    return {name: value for name, value in pairs if value}


@pytest.mark.parametrize("with_defaults", [False, True])
def test_every_model_takes_the_values_of_env_example(with_defaults: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in ALL:
        monkeypatch.delenv(setting.name, raising=False)
    for name, value in values(with_defaults=with_defaults).items():
        monkeypatch.setenv(name, value)
    for prefix, model in models():
        loaded = model(_env_prefix=prefix)
        for name, field in model.model_fields.items():
            default = field.get_default(call_default_factory=True)
            assert field.is_required() or default is None or getattr(loaded, name) == default
