"""Logs hold ids and codes: never the text of a failure, whoever logs it."""

import subprocess
import sys

import pytest

_LOGS = """
import logging, sys
from duly import logs
logs.configure()
try:
    raise ValueError("the quicksilver was moved")
except ValueError as error:
    failure = error
logging.getLogger("{name}").error("{message}", exc_info=failure)
"""


@pytest.mark.parametrize(
    ("name", "message", "kept"),
    [
        ("asyncio", "Task exception was never retrieved\\nfuture: <Task exception=quicksilver>", "never retrieved"),
        ("temporalio.activity", "Completing activity as failed (quicksilver)", "as failed"),
        ("uvicorn.error", "Exception in ASGI application", "Exception in ASGI application"),
    ],
)
def test_of_a_failure_its_kind_is_logged_and_not_its_text(name: str, message: str, kept: str) -> None:
    script = _LOGS.format(name=name, message=message.replace("\n", "\\n"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "quicksilver" not in done.stderr
    assert kept in done.stderr
    assert "ValueError" in done.stderr
