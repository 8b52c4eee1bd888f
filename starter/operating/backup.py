"""`duly backup`: two files, which hold everything but the keys of the settings, as it was at one moment."""

import asyncio
import fcntl
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import SecretStr
from sqlalchemy import make_url

from settings import Settings
from starter.operating import VERSION, archive, places
from starter.operating.archive import Kind, Manifest
from store import backup
from store.backup import CannotCopyError
from store.keys import Keyring

SETTINGS: Final = "duly.toml"
PACKS: Final = "packs"
CHECKPOINTS: Final = "checkpoints"

_STAGING: Final = ".backup-"
# A folder of packs can be the one that Duly brings, with the loader in it.
_NO_PART_OF_A_PACK: Final = frozenset({".py", ".pyc"})


class Made(NamedTuple):
    """The two files of a backup, and whether the running cases of an embedded Temporal are in it."""

    backup: Path
    case_keys: Path
    cases: bool


def make(settings: Settings, into: Path, at: datetime, progress: Callable[[str, int, int], None]) -> Made:
    """Put a backup into the folder `into`, check that it can be read back, and return what was made.

    Raises:
        CannotCopyError: there can be no copy, for a reason that its reader can mend.
        FaultyArchiveError: what was written cannot be read back.
        OSError: there is no room, or something cannot be read.
    """
    ring = Keyring.of(settings.key_ring)
    cases = _running_cases(settings)
    record = backup.file_of(settings.database_url)
    revision = asyncio.run(backup.revision(settings.database_url))
    with _staging(settings.data_dir) as folder:
        asyncio.run(
            backup.copy(settings.database_url, cases, folder, lambda done, total: progress("Copying", done, total))
        )
        (folder / SETTINGS).write_text(without_secrets(settings), encoding="utf-8")
        keys = folder / backup.KEYS_COPY
        files = {path.name: path for path in sorted(folder.iterdir()) if path != keys}
        files |= _files_below(CHECKPOINTS, settings.checkpoints)
        for number, one in enumerate(settings.packs, 1):
            files |= _files_below(f"{PACKS}/{number}", one)
        known: dict[str, Any] = {
            "duly": VERSION,
            "revision": revision or "",
            "made_at": at,
            "database": "sqlite" if record else "postgresql",
            "cases": cases is not None,
        }
        name = f"duly-{at:%Y%m%dT%H%M%SZ}"
        made = Made(into / f"{name}.backup", into / f"{name}.case-keys", cases is not None)
        parts: tuple[tuple[Path, Kind, dict[str, Path]], ...] = (
            (made.backup, "backup", files),
            (made.case_keys, "case keys", {backup.KEYS_COPY: keys}),
        )
        for done, (out, kind, what) in enumerate(parts):
            progress("Sealing", done, len(parts))
            archive.write(out, kind, Manifest(files=archive.listed(what), **known), what, ring)
        for done, (out, kind, _) in enumerate(parts):
            progress("Reading back", done, len(parts))
            archive.read(out, kind, ring, None)
    places.note_backup(settings, at)
    return made


def without_secrets(settings: Settings) -> str:
    """Return the settings that somebody chose, as a settings file would say them; of secrets only that they are set."""
    lines = ["# The settings at the time of the backup, without what is secret."]
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if value is None or value == field.default:
            continue
        if isinstance(value, SecretStr):
            lines.append(f"# {name} was set")
            continue
        said = make_url(value).render_as_string(hide_password=True) if name == "database_url" else value
        lines.append(f"{name} = {json.dumps(said, default=str)}")
    return "\n".join(lines) + "\n"


def _running_cases(settings: Settings) -> Path | None:
    """Return the file of the embedded Temporal, None where Temporal is a server of the school's own.

    Raises:
        CannotCopyError: there should be such a file, or Temporal's own settings cannot be read.
    """
    try:
        if places.names_a_temporal():
            return None
    except (RuntimeError, ValueError) as error:
        message = f"TEMPORAL_PROFILE or its file cannot be used: {error}"
        raise CannotCopyError(message) from None
    if not settings.temporal_db.exists():
        message = f"{settings.temporal_db} is missing, with the running cases: has `duly up` run on this data folder?"
        raise CannotCopyError(message)
    return settings.temporal_db


@contextmanager
def _staging(data: Path) -> Iterator[Path]:
    """Yield a folder for copies that are not sealed yet, beside what they are copies of; what a killed one left goes.

    Raises:
        CannotCopyError: another backup is under way.
    """
    with (data / "backup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another backup of {data} is under way"
            raise CannotCopyError(message) from None
        for left in data.glob(f"{_STAGING}*"):
            shutil.rmtree(left)
        folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=data))
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def _files_below(name: str, folder: Path) -> dict[str, Path]:
    """Return the files of a folder, by what they are called in the archive."""
    return {
        f"{name}/{path.relative_to(folder).as_posix()}": path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.suffix not in _NO_PART_OF_A_PACK
    }
