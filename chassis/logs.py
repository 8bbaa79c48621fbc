"""Logs: one JSON object a line, with what is looked like a personal number taken out."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

PERSONAL = re.compile(r"(?<![0-9])(?:19|20)?[0-9]{2}[01][0-9](?:[0-3]|[6-9])[0-9][-+–\s]?[0-9]{4}(?![0-9])")
EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")


def scrub(text: str) -> str:
    """The text without anything that looks like a personal or co-ordination number, or an e-mail address."""
    return EMAIL.sub("•@•", PERSONAL.sub("••••••-••••", text))


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {key: _scrubbed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(each) for each in value]
    return value


def _scrub_all(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in fields:
        if key != "timestamp":
            fields[key] = _scrubbed(fields[key])
    return fields


def _json(fields: Any, **_: Any) -> str:
    return orjson.dumps(fields, default=str).decode()


def configure(service: str, level: str) -> None:
    """All logging of the process, libraries included, to standard error through the scrubber."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        lambda _, __, fields: {"service": service, **fields},
        _scrub_all,
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(_json)],
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
                structlog.processors.JSONRenderer(_json),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
