"""Which import contracts each planted violation breaks. Run in a copy of the packages, as a program of its own.

The linter finds packages through sys.path, so that it must not share a process with the tests, which have the real ones
imported. Reads a list of plants (file → source to append) from stdin; writes a list of broken contracts' ids to stdout.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

from importlinter.api import read_configuration
from importlinter.application import use_cases
from importlinter.application.user_options import UserOptions


def broken(options: UserOptions) -> list[str]:
    ids = {each["name"]: each["id"] for each in options.contracts_options}
    with contextlib.redirect_stdout(io.StringIO()):
        report = use_cases.create_report(options, cache_dir=None)
    if report.invalid_contract_options:
        raise ValueError(f"contracts that cannot be read: {list(report.invalid_contract_options)}")
    return [ids[contract.name] for contract, check in report.get_contracts_and_checks() if not check.kept]


def with_plant(options: UserOptions, files: dict[str, str]) -> list[str]:
    """What is broken while the files hold the plant; they are as before afterwards."""
    before = {Path(name): Path(name).read_text("utf-8") if Path(name).exists() else None for name in files}
    try:
        for name, source in files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(f"{before[Path(name)] or ''}\n{source}\n", "utf-8")
        return broken(options)
    finally:
        for path, content in before.items():
            if content is None:
                path.unlink()
            else:
                path.write_text(content, "utf-8")


def main() -> None:
    configuration = read_configuration(".importlinter")
    options = UserOptions(configuration["session_options"], configuration["contracts_options"])
    use_cases._register_contract_types(options)
    json.dump([with_plant(options, files) for files in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
