"""`python -m schemas.generate`: writes json/, asyncapi.yaml and codes.md; `--check` says what is stale.

`--release` writes released/ as well, unless that would break what is released.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from schemas.asyncapi import asyncapi
from schemas.catalogue import CATALOGUE, TOPICS
from schemas.codes import codes_page
from schemas.envelope import EventType
from schemas.errors import ERRORS
from schemas.json_schema import json_schema, schema_file, title_of
from schemas.released import release

HERE = Path(__file__).parent
EXAMPLES = HERE / "examples"
RELEASED = HERE / "released"


class _PlainDumper(yaml.SafeDumper):
    """Writes the same object twice rather than as an anchor."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def example_folder(row: EventType) -> Path:
    """Where a type's examples lie; from version 2 on the version is in the name."""
    return EXAMPLES / (row.name if row.version == 1 else title_of(row))


def generated() -> dict[Path, str]:
    """Every generated file's path and what it should hold."""
    files = {HERE / "json" / schema_file(row): _as_json(json_schema(row)) for row in CATALOGUE}
    document = asyncapi(CATALOGUE, TOPICS, {title_of(row): _example(row) for row in CATALOGUE})
    files[HERE / "asyncapi.yaml"] = yaml.dump(
        document, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=120
    )
    files[HERE / "codes.md"] = codes_page(ERRORS.values())
    return files


def stale() -> list[str]:
    """What is missing, out of date or left over, as sentences."""
    files = generated()
    found = [
        f"{path.name} is not what the models say"
        for path, text in files.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    orphans = set((HERE / "json").iterdir()) - set(files)
    return found + [f"{path.name} belongs to no event type" for path in sorted(orphans)]


def write() -> None:
    files = generated()
    (HERE / "json").mkdir(exist_ok=True)
    for orphan in set((HERE / "json").iterdir()) - set(files):
        orphan.unlink()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")


def _example(row: EventType) -> Any:
    return json.loads((example_folder(row) / "minimal.json").read_text(encoding="utf-8"))


def _as_json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m schemas.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is stale")
    parser.add_argument("--release", action="store_true", help="write released/ too; exit 1 where that breaks somebody")
    given = parser.parse_args(arguments)
    if given.check:
        return _told(stale(), "run python -m schemas.generate")
    write()
    return _told(release(CATALOGUE, RELEASED), "make it a new version, beside the old one") if given.release else 0


def _told(problems: list[str], advice: str) -> int:
    for each in problems:
        sys.stderr.write(f"{each}; {advice}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
