"""Files that leave this machine: nobody reads or makes one without the keys of the settings.

A file begins with a line that says what it is, and a key of its own, wrapped. What follows is sealed a mebibyte at a
time, each piece bound to its place, so that nothing can be left out, moved or cut off.
"""

import base64
import binascii
import hashlib
import io
import json
import os
from typing import IO, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.keys import Keyring, SealBrokenError

_FORMAT: Final = "duly-sealed-1"
_FILE: Final = "file"
_KEY: Final = 32
_PIECE: Final = 1 << 20
_TAG: Final = 16
_COUNTER: Final = 11
_LONGEST_HEADER: Final = 4096


class NotSealedError(ValueError):
    """A file is not one that Duly sealed, or is one of another kind."""


class Sealing(io.RawIOBase):
    """A file that is written sealed, as one of a `kind`. It is whole once it is closed."""

    def __init__(self, file: IO[bytes], ring: Keyring, kind: str) -> None:
        """Write the first line to `file`."""
        key = os.urandom(_KEY)
        wrapped = base64.b64encode(ring.wrap(_owner(kind), key)).decode()
        header = json.dumps({"format": _FORMAT, "kind": kind, "under": ring.first, "key": wrapped}).encode() + b"\n"
        file.write(header)
        self._file, self._pieces, self._kept = file, _Pieces(key, header), bytearray()

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, data: Any, /) -> int:  # noqa: ANN401 -- whatever the standard library writes from
        """Seal what makes whole pieces; keep the rest until there is more."""
        self._kept += data
        # The last piece is told apart from the others: one that might be the last is kept.
        while len(self._kept) > _PIECE:
            self._file.write(self._pieces.seal(bytes(self._kept[:_PIECE]), last=False))
            del self._kept[:_PIECE]
        return len(data)

    def close(self) -> None:
        """Seal what is left as the last piece."""
        if not self.closed:
            self._file.write(self._pieces.seal(bytes(self._kept), last=True))
        super().close()


class Opened(io.RawIOBase):
    """What was sealed in a file, read from its beginning."""

    def __init__(self, file: IO[bytes], ring: Keyring, kind: str) -> None:
        """Read the first line of `file`.

        Raises:
            NotSealedError: it is not such a file, or not of this `kind`.
            SealBrokenError: it was changed.
            KeyUnknownError: the key of the settings under which it was sealed is not in `ring`.
        """
        header = file.readline(_LONGEST_HEADER)
        under, wrapped = _read_header(header, kind)
        self._file = file
        self._pieces = _Pieces(ring.unwrap(_owner(kind), under, wrapped), header)
        self._next, self._rest, self._done = file.read(_PIECE + _TAG), b"", False

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 -- whatever the standard library reads into
        """Open as much as there is room for.

        Raises:
            SealBrokenError: the file was changed or cut off.
        """
        if not self._rest and not self._done:
            sealed, self._next = self._next, self._file.read(_PIECE + _TAG)
            self._done = not self._next
            self._rest = self._pieces.open(sealed, last=self._done)
        given = self._rest[: len(buffer)]
        self._rest = self._rest[len(given) :]
        buffer[: len(given)] = given
        return len(given)


class _Pieces:
    """The pieces of one file, in their order."""

    def __init__(self, key: bytes, header: bytes) -> None:
        self._aead, self._bound, self._n = AESGCM(key), hashlib.sha256(header).digest(), 0

    def seal(self, piece: bytes, *, last: bool) -> bytes:
        return self._aead.encrypt(self._place(last), piece, self._bound)

    def open(self, sealed: bytes, *, last: bool) -> bytes:
        try:
            return self._aead.decrypt(self._place(last), sealed, self._bound)
        except (InvalidTag, ValueError):
            raise SealBrokenError(_FILE, "the file was changed or cut off") from None

    def _place(self, last: bool) -> bytes:
        # The key is this file's alone, so a counter is nonce enough.
        self._n += 1
        return self._n.to_bytes(_COUNTER, "big") + bytes([last])


def _owner(kind: str) -> str:
    return f"{_FILE}|{kind}"


def _read_header(header: bytes, kind: str) -> tuple[str, bytes]:
    """Return the name of the key under which a file was sealed, and the file's own key, wrapped."""
    try:
        said = json.loads(header)
        whole = said["format"] == _FORMAT and said["kind"] == kind
        under, wrapped = str(said["under"]), base64.b64decode(said["key"], validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise NotSealedError from None
    if not whole:
        raise NotSealedError
    return under, wrapped
