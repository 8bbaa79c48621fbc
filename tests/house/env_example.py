"""`python -m tests.house.env_example` writes .env.example from the settings models."""

from collections.abc import Iterable
from pathlib import Path

from pydantic_settings import BaseSettings

from tests.house.settings_models import Setting, default_of, models, settings_of
from tests.house.tree import ROOT

FILE = ROOT / ".env.example"
HEAD = """\
# Every setting, with its unit and a safe value. Written by `python -m tests.house.env_example`; a test compares it.
# A line that begins with "#" gives the default, or nothing where a setting is off; the others have to be set.
# Copied to .env as it stands, this file changes nothing. Secrets are never values: settings name files that hold them.
"""


def render(of: Iterable[tuple[str, type[BaseSettings]]] | None = None) -> str:
    """What .env.example should hold."""
    lines, written = [HEAD], set[str]()
    for prefix, model in models() if of is None else of:
        new = [each for each in settings_of(prefix, model) if each.name not in written]
        written |= {each.name for each in new}
        if new:
            lines.append(f"\n# {prefix.rstrip('_').lower()}: {_title(model)}\n")
            lines += [_entry(prefix, each) for each in new]
    return "".join(lines)


def _title(model: type[BaseSettings]) -> str:
    return (model.__doc__ or "").split(". Prefix")[0].strip().rstrip(".").replace("\n", " ")


def _entry(prefix: str, setting: Setting) -> str:
    off = f"#{setting.name}={default_of(setting) or ''}"
    assigned = f"{setting.name}={_safe(prefix, setting)}" if setting.field.is_required() else off
    return f"# {setting.field.description} [{setting.unit}]\n{assigned}\n"


def _safe(prefix: str, setting: Setting) -> str:
    """A value for what has no default; it names places and holds no secret."""
    service = prefix.rstrip("_").lower()
    place = setting.name.removeprefix(prefix).lower()
    if place == "owner_dsn":
        return f"postgresql://{service}_owner@127.0.0.1:5432/{service}"
    if place.endswith("dsn"):
        return f"postgresql://{service}@127.0.0.1:5432/{service}"
    if Path in setting.kinds:
        return f"/secrets/{place.removesuffix('_file').replace('_', '-')}"
    raise ValueError(f"{setting.name} has no default and no safe value: give it one here")


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
