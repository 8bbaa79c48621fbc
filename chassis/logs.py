"""Logs: one JSON object a line, without personal numbers, addresses, or what a driver quotes from a row."""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import orjson
import structlog

PERSONAL = re.compile(
    r"(?<![0-9])(?:19|20)?[0-9]{2}(?P<apart>[-./_\s]?)[01][0-9](?P=apart)(?:[0-3]|[6-9])[0-9][-+–./_\s]?[0-9]{4}(?![0-9])"
)
HIDDEN = "••••••-••••"
EMAIL = re.compile(r"[^\s@<>\"'\\]+@[^\s@<>\"'\\]+\.[^\s@<>\"'\\]+")
OUR_PACKAGES = ("chassis", "schemas", "aktivera")
FRAMES = 12


def scrub(text: str) -> str:
    """The text without anything that looks like a personal or co-ordination number, or an e-mail address."""
    return EMAIL.sub("•@•", PERSONAL.sub(HIDDEN, text))


def told(error: BaseException) -> str:
    """An exception's class, and its text where it is ours: a driver's text quotes values of the row at fault."""
    name = type(error).__name__
    ours = type(error).__module__.split(".")[0] in OUR_PACKAGES
    return f"{name}: {error}" if ours and str(error) else name


def _frames(error: BaseException) -> list[str]:
    found = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return [f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}" for frame in found]


def _exception(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Class and frames instead of a traceback: a traceback ends with the text."""
    given = fields.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        fields["exception"] = told(error)
        fields["frames"] = _frames(error)
    return fields


def _line(fields: Any, **_: Any) -> str:
    """The whole line is scrubbed at the end, whatever type a value has; a number that was one is no JSON any more."""
    line = orjson.dumps(fields, default=str).decode()
    scrubbed = scrub(line)
    if scrubbed == line:
        return line
    try:
        orjson.loads(scrubbed)
    except orjson.JSONDecodeError:
        return orjson.dumps({"event": "scrubbed", "line": scrubbed}).decode()
    return scrubbed


def configure(service: str, level: str) -> None:
    """All logging of the process, libraries included, to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception,
        lambda _, __, fields: {"service": service, **fields},
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(_line)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(_line),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # says again what chassis.problems has said
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what matters of it reaches our own loops as an error
