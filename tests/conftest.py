"""What every test shares: how many examples Hypothesis invents, and what Python does once and not again and again."""

import gc
import hashlib
import os
import shutil
import signal
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Final

import pytest
import starlette.routing
from hypothesis import HealthCheck, settings

import packs
from domain.pack import Pack

settings.register_profile(
    "quick", derandomize=True, max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("soak", max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("DULY_TEST_PROFILE", "quick"))

# Where Python is told to keep nothing that it compiled, each of the many processes here would compile all of Duly.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What a test commits is gone with it: nothing is gained by waiting, at each of a hundred thousand commits, for a disk.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- each run makes a folder of its own there
_ROOM: Final = 4 << 30


def _has_room(folder: Path) -> bool:
    """Whether all tests can keep their files in `folder`, and run what they install there."""
    if not (folder.is_dir() and os.access(folder, os.W_OK)) or shutil.disk_usage(folder).free < _ROOM:
        return False
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC


if "TMPDIR" not in os.environ and _has_room(_MEMORY):
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

_load: Final = packs.load
_loaded: Final[dict[bytes, Pack]] = {}


def _load_once(folder: Path) -> Pack:
    """Return the pack in `folder`, which is read anew once a word of it is another."""
    files = {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*.toml"))}
    known = hashlib.sha256(repr((folder.name, files)).encode()).digest()
    if known not in _loaded:
        _loaded[known] = _load(folder)
    return _loaded[known]


packs.load = _load_once

# Every test has a site of its own, with the same hundred addresses.
starlette.routing.compile_path = cache(starlette.routing.compile_path)


def _interrupted(number: int, frame: FrameType | None) -> None:
    """Stop the tests, as Ctrl-C does."""
    signal.default_int_handler(number, frame)


# With Python's own handler in place, asyncio puts one of its own there for each test and each fixture, and Python then
# writes out, as part of an error that nobody sees, all that the test or fixture returned: a whole site with its packs.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _interrupted)


_LONGEST: Final = (("journeys",), ("faults", "leaks", "duly"), ("workflows", "activities", "evidence"))
"""What begins each third of the tests: what starts servers, which is done once then, and takes too long to come last.

Of three workers each gets a third; whoever is done takes over the last half of what another has left.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have each third of the tests begin with what takes longest."""
    first = [[item for item in items if _folder(item) in folders] for folders in _LONGEST]
    long = {item for some in first for item in some}
    quick = [item for item in items if item not in long]
    share = len(items) // len(first)
    items.clear()
    for some in first[:-1]:
        more = max(0, share - len(some))
        items += [*some, *quick[:more]]
        quick = quick[more:]
    items += [*first[-1], *quick]


def _folder(item: pytest.Item) -> str:
    return str(item.path.relative_to(Path(__file__).parent).parts[0])


def pytest_collection_finish() -> None:
    """Have the search for garbage leave out what stays anyway: the thousands of tests, and all that they import."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
