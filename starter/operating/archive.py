"""One file that holds several, sealed, with a list of them in front: what each is, and its hash."""

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Final, Literal

from pydantic import ValidationError

from domain.base import Frozen
from store.keys import Keyring, KeyUnknownError, SealBrokenError
from store.sealed_files import NotSealedError, Opened, Sealing

Kind = Literal["backup", "case keys"]
DatabaseKind = Literal["sqlite", "postgresql"]

_MANIFEST: Final = "manifest.json"
_PIECE: Final = 1 << 20
_LONGEST_MANIFEST: Final = 64 << 20
# What is sealed hardly shrinks, and what does shrinks nearly as much with the least effort.
_EFFORT: Final = 1


class Packed(Frozen):
    """A file of an archive: its length in bytes and its SHA-256 (hex)."""

    bytes: int
    sha256: str


class Manifest(Frozen):
    """What an archive holds, and of which Duly: its version and the latest migration of its database.

    `cases` is whether the running cases of an embedded Temporal are in it.
    """

    format: Literal[1] = 1
    duly: str
    revision: str
    made_at: datetime
    database: DatabaseKind
    cases: bool
    files: Mapping[str, Packed]


class FaultyArchiveError(Exception):
    """A file is no archive of ours, cannot be opened here, or does not hold what it says."""


def listed(files: Mapping[str, Path]) -> dict[str, Packed]:
    """Return what a manifest says of `files`."""
    return {name: _packed(path) for name, path in files.items()}


def write(out: Path, kind: Kind, manifest: Manifest, files: Mapping[str, Path], ring: Keyring) -> None:
    """Write the archive `out` of `files`, by their names in it; for its owner alone, and whole or not at all.

    Raises:
        OSError: there is no room, or such a file is there already.
    """
    part = out.with_name(f"{out.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            with (
                Sealing(file, ring, kind) as sealed,
                gzip.GzipFile("", "wb", _EFFORT, sealed, mtime=0) as packing,
                tarfile.open(fileobj=packing, mode="w|") as tar,
            ):
                said = manifest.model_dump_json(indent=1).encode()
                _add(tar, _MANIFEST, len(said), io.BytesIO(said))
                for name, path in files.items():
                    with path.open("rb") as one:
                        _add(tar, name, manifest.files[name].bytes, one)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            part.unlink()
            raise
    if out.exists():
        part.unlink()
        raise FileExistsError(str(out))
    part.rename(out)


def read(
    file: Path, kind: Kind, ring: Keyring, into: Path | None, accept: Callable[[Manifest], None] = lambda manifest: None
) -> Manifest:
    """Check the archive `file`, put what it holds into the folder `into` where there is one, and return its manifest.

    `accept` is asked before anything is written, and refuses by an exception of its own.

    Raises:
        FaultyArchiveError: it is no such archive, is not whole, or the key it was sealed under is not in `ring`.
        OSError: it cannot be read, or there is no room.
    """
    try:
        with (
            file.open("rb") as sealed,
            io.BufferedReader(Opened(sealed, ring, kind), _PIECE) as opened,
            gzip.GzipFile("", "rb", fileobj=opened) as unpacking,
            tarfile.open(fileobj=unpacking, mode="r|") as tar,
        ):
            manifest = _manifest(tar)
            accept(manifest)
            # Not by a loop over it, which would begin with the list again.
            found = {member.name: _unpacked(tar, member, manifest, into) for member in iter(tar.next, None)}
            # To the very end: only the last piece says that nothing was cut off.
            while unpacking.read(_PIECE):
                pass
    except NotSealedError:
        message = f"{file.name} is no file of Duly's for {kind}"
        raise FaultyArchiveError(message) from None
    except KeyUnknownError as unknown:
        message = f"{file.name} needs the key {unknown.name}, which DULY_KEYS does not hold"
        raise FaultyArchiveError(message) from None
    except SealBrokenError:
        message = f"{file.name} was changed or cut off, or was sealed under another key than that of DULY_KEYS"
        raise FaultyArchiveError(message) from None
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, ValidationError):
        message = f"{file.name} does not hold what a file of Duly's for {kind} holds"
        raise FaultyArchiveError(message) from None
    if found != dict(manifest.files):
        message = f"{file.name} does not hold what its list says"
        raise FaultyArchiveError(message)
    return manifest


def _manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    said = tar.extractfile(first) if first is not None and first.name == _MANIFEST else None
    if said is None:
        message = "no list in front"
        raise tarfile.TarError(message)
    return Manifest.model_validate_json(said.read(_LONGEST_MANIFEST))


def _unpacked(tar: tarfile.TarFile, member: tarfile.TarInfo, manifest: Manifest, into: Path | None) -> Packed:
    """Put a member where it belongs and return what it was."""
    content = tar.extractfile(member) if member.isfile() else None
    where = PurePosixPath(member.name)
    if content is None or member.name not in manifest.files or where.is_absolute() or ".." in where.parts:
        message = "something that is not in the list"
        raise tarfile.TarError(message)
    if into is None:
        return _copied(content, None)
    place = into / where
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        return _copied(content, file)


def _copied(content: IO[bytes], file: IO[bytes] | None) -> Packed:
    digest, length = hashlib.sha256(), 0
    while piece := content.read(_PIECE):
        digest.update(piece)
        length += len(piece)
        if file is not None:
            file.write(piece)
    return Packed(bytes=length, sha256=digest.hexdigest())


def _packed(path: Path) -> Packed:
    with path.open("rb") as file:
        return _copied(file, None)


def _add(tar: tarfile.TarFile, name: str, length: int, content: IO[bytes]) -> None:
    about = tarfile.TarInfo(name)
    about.size, about.mode = length, 0o600
    tar.addfile(about, content)
