"""Operating Duly: whether all is well, copies of everything, and the numbers that a monitoring system collects."""

import re
from importlib.metadata import version
from typing import Final

VERSION: Final = version("duly")
"""The version of Duly that runs."""


def is_newer(one: str, other: str = VERSION) -> bool:
    """Return whether the version `one` came after the version `other`."""
    return _numbers(one) > _numbers(other)


def _numbers(one: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", one)[:3]]
