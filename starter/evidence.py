"""A bundle of evidence as a file: packed so that it is the same each time, and unpacked again with care."""

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

MOST_BYTES: Final = 64 * 1024 * 1024
"""No bundle is larger, packed or unpacked: a long case has some megabytes."""

_MOST_FILES: Final = 50
_LARGEST_LIST: Final = 64 * 1024
_END: Final = 22
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ENCRYPTED: Final = 1


class BundleRefusedError(ValueError):
    """A file is no bundle that anybody should unpack; the message says why."""


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return `files` as one ZIP file, the same each time."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, (stat.S_IFREG | 0o600) << 16
            archive.writestr(info, files[name])
    return made.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the files of a bundle by their names; nothing is written anywhere.

    Raises:
        BundleRefusedError: it is no ZIP file, or one that is made to do harm.
    """
    _is_plain(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _are_harmless(members)
            return {info.filename: archive.read(info) for info in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        if isinstance(error, BundleRefusedError):
            raise
        msg = "It is not a whole ZIP file."
        raise BundleRefusedError(msg) from None


def _is_plain(data: bytes) -> None:
    """See that a ZIP file has a short list of files at its very end, before anything is read of it.

    Raises:
        BundleRefusedError: it has not.
    """
    end = data[-_END:]
    if not data.startswith(b"PK\x03\x04") or not end.startswith(b"PK\x05\x06"):
        msg = "It is not a ZIP file with nothing before and after it."
        raise BundleRefusedError(msg)
    if len(data) > MOST_BYTES or int.from_bytes(end[12:16], "little") > _LARGEST_LIST:
        msg = "It is larger than any evidence: it was not unpacked."
        raise BundleRefusedError(msg)


def _are_harmless(members: Sequence[zipfile.ZipInfo]) -> None:
    """See that nothing but a few plain files of moderate size would be unpacked.

    Raises:
        BundleRefusedError: something else would.
    """
    seen: set[str] = set()
    for info in members:
        name = info.filename
        kind = stat.S_IFMT(info.external_attr >> 16)
        if _NAME.fullmatch(name) is None or info.orig_filename != name or kind not in {0, stat.S_IFREG}:
            msg = "It has a file whose name leads elsewhere, or that is no plain file: it was not unpacked."
            raise BundleRefusedError(msg)
        if name.casefold() in seen:
            msg = f"It has two files of the name {name}: it was not unpacked."
            raise BundleRefusedError(msg)
        if info.flag_bits & _ENCRYPTED or info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            msg = f"{name} is packed in a way in which evidence never is: it was not unpacked."
            raise BundleRefusedError(msg)
        seen.add(name.casefold())
    if len(members) > _MOST_FILES or sum(info.file_size for info in members) > MOST_BYTES:
        msg = "It would unpack to more than any evidence has: it was not unpacked."
        raise BundleRefusedError(msg)
