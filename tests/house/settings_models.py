"""Every setting there is: the models that read the environment, and the name, unit and default of each field."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from chassis.settings import CommonSettings, OwnerSettings, ServiceSettings
from tests.house.tree import PRODUCT, ROOT, python_files

UNITS = {
    *("seconds", "minutes", "hours", "days", "bytes", "events", "rows", "attempts"),
    *("connections", "workers", "partitions", "replication", "port", "clients", "rounds"),
    *("mails", "per second"),
}
NUMBERS = (int, float)
TESTS = Path("tests/settings.py")


@dataclass(frozen=True)
class Setting:
    """One environment variable."""

    name: str
    field: FieldInfo
    model: type[BaseSettings]

    @property
    def kinds(self) -> tuple[Any, ...]:
        """The types a value may have, containers and None taken apart."""
        return tuple(_leaves(self.field.annotation))

    @property
    def complaints(self) -> list[str]:
        """What is wrong with it, as sentences."""
        found = [] if self.field.description else [f"{self.name} has no description"]
        if self.is_quantity and self.last_word not in UNITS:
            found.append(f"{self.name} is a quantity and its name ends in no unit")
        return found

    @property
    def is_quantity(self) -> bool:
        return any(kind in NUMBERS for kind in self.kinds)

    @property
    def last_word(self) -> str:
        name = self.name.lower()
        return "per second" if name.endswith("_per_second") else name.rpartition("_")[2]

    @property
    def unit(self) -> str:
        """The unit, or what a value may be, in brackets beside the description."""
        choices = [str(choice) for kind in self.kinds if get_origin(kind) is Literal for choice in get_args(kind)]
        if bool in self.kinds:
            choices = ["true", "false"]
        if choices:
            return " | ".join(choices)
        if self.is_quantity:
            return self.last_word
        return "path" if Path in self.kinds else "text"


def models(files: Iterable[Path] | None = None) -> list[tuple[str, type[BaseSettings]]]:
    """(prefix, model) of all settings models, the tests' last; each service has its database's owner beside its own."""
    found: dict[tuple[str, type[BaseSettings]], None] = {("AKTIVERA_", CommonSettings): None}
    for path in files or [*(path for path in python_files() if path.parts[0] in PRODUCT), TESTS]:
        if "SettingsConfigDict" not in (ROOT / path).read_text("utf-8"):
            continue
        module = import_module(".".join(path.with_suffix("").parts))
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, BaseSettings) and model.__module__ == module.__name__:
                prefix = model.model_config.get("env_prefix", "")
                if prefix:
                    found[prefix, model] = None
                if issubclass(model, ServiceSettings) and prefix:
                    found[prefix, OwnerSettings] = None
    return list(found)


def settings_of(prefix: str, model: type[BaseSettings]) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        yield Setting(prefix + name.upper(), field, model)


def default_of(setting: Setting) -> str | None:
    """The default as it would be written in the environment; None where there is none."""
    value = setting.field.get_default(call_default_factory=True)
    if setting.field.is_required() or value is None:
        return None
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool | tuple | list | dict):
        return json.dumps(value)
    return str(value)


def _leaves(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (None, Literal):
        yield annotation
        return
    for argument in get_args(annotation):
        yield from _leaves(argument)
