"""Logs: one JSON line per effect, in UTC, with ids and codes and never a text that a person typed."""

import logging
import sys

import structlog
from structlog.types import EventDict, WrappedLogger

# What these log of a failing activity, workflow task or job carries the text of the failure.
_QUIETED = ("temporalio", "asyncio")

_OURS = frozenset({"activities", "domain", "packs", "starter", "store", "templates", "workflows"})


def configure() -> None:
    """Send everything that is logged to standard error as JSON lines."""
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_logger_name,
        _only_the_part_of_the_house,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _only_the_kind_of_failure,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[*shared, _only_first_words],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for chatty in ("alembic", "httpx2", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _only_the_part_of_the_house(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Cut the name of one of our loggers down to its part of the house: some files only confidential cases use."""
    del logger, method
    part = str(event["logger"]).partition(".")[0]
    if part in _OURS:
        event["logger"] = part
    return event


def _only_the_kind_of_failure(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace an exception by its class: its text may be a person's."""
    del logger, method
    failure = event.pop("exc_info", None)
    failure = sys.exc_info() if failure is True else failure
    if isinstance(failure, BaseException):
        event["failure"] = type(failure).__name__
    elif isinstance(failure, tuple) and failure[0] is not None:
        event["failure"] = failure[0].__name__
    return event


def _only_first_words(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Cut what others log of a failure down to what was before the details."""
    del logger, method
    record: logging.LogRecord = event["_record"]
    if record.name.startswith(_QUIETED):
        event["event"] = str(record.msg).partition("(")[0].partition("\n")[0].strip()
    return event
