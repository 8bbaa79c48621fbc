"""Files of new clients, for tests: contents as rows of CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from services.onboarding.domain.csv_files import COLUMNS

PROGRAMS = ("licences.counts.bookkeeping", "licences.counts.invoicing", "licences.counts.payroll")
HEADER = (*COLUMNS, *PROGRAMS)


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """A content as cells: `{"access.program_access": "true", …}`; what is null or left out is an empty cell."""
    cells: dict[str, str] = {}
    for name, value in content.items():
        if isinstance(value, Mapping):
            cells |= flat(value, f"{prefix}{name}.")
        elif value is not None:
            cells[prefix + name] = str(value).lower() if isinstance(value, bool) else str(value)
    return cells


def csv_of(*contents: Mapping[str, Any], delimiter: str = ";", header: Sequence[str] = HEADER) -> str:
    """A file with these rows; columns beside the header's are added to it."""
    rows = [flat(each) for each in contents]
    names = [*header, *dict.fromkeys(name for row in rows for name in row if name not in header)]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
