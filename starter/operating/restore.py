"""`duly restore`: what a backup holds, put into an empty data folder, so that every case in it goes on."""

import asyncio
import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from settings import Settings
from starter.operating import VERSION, archive, is_newer, places
from starter.operating.archive import FaultyArchiveError, Manifest
from starter.operating.backup import CHECKPOINTS, PACKS, SETTINGS
from store import audit, backup, migrate, version
from store.audit import AuditReport
from store.backup import CannotCopyError
from store.database import Database
from store.keys import CaseKeys, Keyring

RESTORED: Final = "restored"
"""The folder in the data folder for what is not put back by itself: packs and settings."""

_STAGING: Final = ".restore-"


def put_back(
    settings: Settings, file: Path, case_keys: Path, progress: Callable[[str, int, int], None]
) -> tuple[Manifest, AuditReport]:
    """Put the backup `file`, with the keys of cases in `case_keys`, where the settings say; return what it was.

    Where the database is a file, all of it is put back or nothing.

    Raises:
        CannotCopyError: there is something already, or the settings do not fit; its reader can mend it.
        FaultyArchiveError: a file is no backup, was changed, or is of a newer Duly.
        OSError: there is no room, or something cannot be read.
    """
    ring = Keyring.of(settings.key_ring)
    with _alone_in_an_empty_folder(settings) as folder:
        progress("Opening", 0, 2)
        manifest = archive.read(file, "backup", ring, folder, lambda found: _accept(settings, found, file))
        progress("Opening", 1, 2)
        of_keys = archive.read(case_keys, "case keys", ring, folder)
        if of_keys.made_at < manifest.made_at:
            message = f"{case_keys.name} is older than {file.name}: cases that began in between have no key in it"
            raise FaultyArchiveError(message)
        if manifest.database == "sqlite":
            url = f"sqlite+aiosqlite:///{folder / backup.SQLITE_COPY}"
        else:
            url = settings.database_url
            progress("Restoring PostgreSQL", 0, 1)
            asyncio.run(backup.put_back_postgres(url, folder / backup.POSTGRES_COPY))
        migrate.upgrade(url)
        report = asyncio.run(_with_keys(url, folder / backup.KEYS_COPY, ring, progress))
        _move(settings, folder, manifest)
    return manifest, report


@contextmanager
def _alone_in_an_empty_folder(settings: Settings) -> Iterator[Path]:
    """Yield a folder in the data folder to unpack in, while nothing else is there and nobody starts Duly.

    Raises:
        CannotCopyError: there is something.
    """
    ours = {*places.secrets(settings), settings.up_lock}
    there = sorted(path.name for path in settings.data_dir.iterdir() if path not in ours)
    if there:
        message = f"DULY_DATA_DIR {settings.data_dir} holds {there[0]}: a backup is put back into an empty folder"
        raise CannotCopyError(message)
    if not asyncio.run(backup.is_empty(settings.database_url)):
        message = "DULY_DATABASE_URL names a database that holds something: a backup is put back into an empty one"
        raise CannotCopyError(message)
    with settings.up_lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"DULY_DATA_DIR {settings.data_dir} is in use: `duly up` is running on it"
            raise CannotCopyError(message) from None
        folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=settings.data_dir))
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def _accept(settings: Settings, manifest: Manifest, file: Path) -> None:
    """Refuse a backup that cannot be put back here, before anything of it is written."""
    if is_newer(manifest.duly) or manifest.revision not in version.KNOWN:
        message = f"{file.name} is of Duly {manifest.duly}, and this is {VERSION}: put it back with that one, or newer"
        raise FaultyArchiveError(message)
    here = "sqlite" if backup.file_of(settings.database_url) else "postgresql"
    if manifest.database != here:
        message = f"DULY_DATABASE_URL names a database of {here}, and {file.name} is of {manifest.database}"
        raise CannotCopyError(message)
    if manifest.cases and places.names_a_temporal():
        message = f"TEMPORAL_ADDRESS names a server, and {file.name} has the cases of the one that `duly up` starts"
        raise CannotCopyError(message)
    if not manifest.cases and not places.names_a_temporal():
        message = f"TEMPORAL_ADDRESS is missing: the running cases are not in {file.name} but in a Temporal of your own"
        raise CannotCopyError(message)


async def _with_keys(url: str, keys: Path, ring: Keyring, progress: Callable[[str, int, int], None]) -> AuditReport:
    """Put the keys of cases back, and check the record."""
    db = Database(url)
    try:
        await backup.put_keys_back(db, keys)
        async with db.read() as session:
            return await audit.verify(
                session, CaseKeys(db, ring), lambda done, total: progress("Checking the record", done, total)
            )
    finally:
        await db.close()


def _move(settings: Settings, folder: Path, manifest: Manifest) -> None:
    """Move everything to its place, or nothing: the record last, without which nothing starts.

    Raises:
        OSError: something could not be moved, and all is as it was.
    """
    record = backup.file_of(settings.database_url)
    restored = settings.data_dir / RESTORED
    draft = record.with_name(f"{record.name}.part") if record is not None else None
    moved: list[Path] = []
    try:
        if draft is not None:
            backup.settle(folder / backup.SQLITE_COPY)
            draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # It may go to another disk, and has to be whole there before anything else is in its place.
            moved.append(draft)
            shutil.move(folder / backup.SQLITE_COPY, draft)
        restored.mkdir(mode=0o700)
        moved.append(restored)
        (restored / "manifest.json").write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        for name in (SETTINGS, PACKS):
            if (folder / name).exists():
                shutil.move(folder / name, restored / name)
        if (folder / CHECKPOINTS).exists():
            moved.append(settings.checkpoints)
            shutil.move(folder / CHECKPOINTS, settings.checkpoints)
        if manifest.cases:
            moved.append(settings.temporal_db)
            shutil.move(folder / backup.CASES_COPY, settings.temporal_db)
        if record is not None and draft is not None:
            draft.rename(record)
    except BaseException:
        for one in moved:
            if one.is_dir():
                shutil.rmtree(one, ignore_errors=True)
            else:
                one.unlink(missing_ok=True)
        raise
