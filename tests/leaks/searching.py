"""Looking for a text in whatever is kept or sent, however it is written down there.

What is searched is read in every way in which something could have written it: as it is, as UTF-16, as base64 or hex at
every alignment, unescaped (addresses, quoted-printable, JSON, HTML), and unpacked from every stream that begins in it;
and what comes of that is read so again. Letters are compared without their case.
"""

import base64
import re
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

_DEPTH: Final = 4
_PLAIN: Final = rb"[\x09\x20-\x7e]{6}"
_SHORTEST: Final = 12
"""So many letters at least has what is read as base64 or hex: what is looked for is longer."""

_PIECE: Final = 1024
_ESCAPED: Final = re.compile(
    rb"%(?P<url>[0-9a-f]{2})"
    rb"|=(?P<quoted>[0-9a-f]{2})"
    rb"|=(?P<broken>\r?\n)"
    rb"|\\\\*u(?P<json>[0-9a-f]{4})"
    rb"|\\\\*x(?P<python>[0-9a-f]{2})"
    rb"|&#x(?P<hexadecimal>[0-9a-f]{1,6});"
    rb"|&#(?P<decimal>[0-9]{1,7});",
    re.IGNORECASE,
)
_PACKED: Final = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
_LINE: Final = rb"[A-Za-z0-9+/_-]"
_BASE64: Final = re.compile(
    rb"%b{%d,}(?:\r?\n%b{4,})*" % (_LINE, _SHORTEST, _LINE)  # a mail breaks its lines
)
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{%d,}" % _SHORTEST)
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_BREAKS: Final = b"\r\n"
_BETWEEN: Final = b"\n\0\0"
"""What stands between two texts that are read together, so that nothing is found that is in neither."""

_BETWEEN_BASE64: Final = base64.b64encode(_BETWEEN)
_BETWEEN_HEX: Final = _BETWEEN.hex().encode()
_TOGETHER: Final = 1 << 18
"""So many bytes are read together, where it is looked for in many places."""


class Found(NamedTuple):
    """A needle where it must not be: which one, where, and in which way it was written there."""

    needle: str
    where: str
    way: str


class Reading(NamedTuple):
    """What some bytes say, read in some way; its letters are small ones."""

    way: str
    text: bytes


def readings(data: bytes) -> Iterator[Reading]:
    """Yield what `data` says in every way of reading it."""
    for way, read in _readings(data, "", _DEPTH, set()):
        yield Reading(way or "plain", read.lower())


@dataclass(frozen=True)
class Needle:
    """What is looked for: any of `words`; with `alone`, only where the word stands `alone`, as that pattern has it."""

    words: tuple[bytes, ...]
    alone: re.Pattern[bytes] | None = None

    def is_in(self, small: bytes) -> bool:
        """Return whether `small`, in small letters, has it."""
        return any(word in small for word in self.words) and (self.alone is None or bool(self.alone.search(small)))


def text(*words: str) -> Needle:
    """Return the needle that is any of `words`, anywhere. They have to be too long for random bytes to make."""
    small = dict.fromkeys(word.lower().encode() for word in words)
    return Needle(tuple(one for one in small if not any(other in one for other in small if other != one)))


def word(*words: str) -> Needle:
    """Return the needle that is any of `words` by itself: with no letter beside it, in a line of plain text or alone.

    For words that are so short that random bytes make them now and then, but hardly as a line, a cell or, with its
    length in front, a text of a protocol buffer.
    """
    needle, alone = text(*words), []
    for one in needle.words:
        itself = rb"(?<![a-z0-9+/])%b(?![a-z0-9+/])" % re.escape(one)
        alone += [rb"(?<=%b)%b" % (_PLAIN, itself), rb"%b(?=%b)" % (itself, _PLAIN)]
        alone += [rb"(?:\A|\0)%b(?:\n\0|\Z)" % itself, rb"%b%b" % (re.escape(bytes([len(one)])), itself)]
    return Needle(needle.words, re.compile(b"|".join(alone)))


def search(haystack: Mapping[str, bytes], needles: Mapping[str, Needle]) -> list[Found]:
    """Return which of `needles` are where in `haystack`, each once for each place and way."""
    found = []
    for places in _together(haystack):
        there = needles
        if len(places) > 1:
            whole = _found(_BETWEEN.join(haystack[where] for where in places), needles)
            there = {name: needles[name] for name, _ in whole}
        if there:
            found += [Found(name, where, way) for where in places for name, way in _found(haystack[where], there)]
    return found


def _together(haystack: Mapping[str, bytes]) -> Iterator[list[str]]:
    """Yield the places of `haystack`, those that are small together with others."""
    places, size = list[str](), 0
    for where, data in haystack.items():
        if size + len(data) > _TOGETHER and places:
            yield places
            places, size = [], 0
        places.append(where)
        size += len(data)
    if places:
        yield places


def _found(data: bytes, needles: Mapping[str, Needle]) -> list[tuple[str, str]]:
    """Return which of `needles` are in `data`, and in which way, each pair once."""
    letters = set(b"".join(word for needle in needles.values() for word in needle.words))
    others = bytes(set(range(256)) - letters)
    found = dict[tuple[str, str], None]()
    for way, small in readings(data):
        # What is not in the letters alone is not in all of it either; and of random bytes few are letters.
        alone = small.translate(None, others)
        for name, needle in needles.items():
            if any(word in alone for word in needle.words) and needle.is_in(small):
                found[name, way] = None
    return list(found)


def of_sqlite(file: Path) -> dict[str, bytes]:
    """Return what a database of SQLite holds: its files as they are, and every cell of every table of a copy.

    A long value lies on several pages, so that only the cells have it whole; what was deleted lies only in the files.
    """
    held = {path.name: path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")) if path.is_file()}
    with tempfile.TemporaryDirectory() as folder:
        for name in held:
            if not name.endswith("-shm"):
                shutil.copy(file.with_name(name), folder)
        connection = sqlite3.connect(Path(folder) / file.name)
        try:
            connection.text_factory = bytes
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in names:
                name = table.decode()
                cells = connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 -- a name that the file has itself
                held |= of_rows(f"{file.name}: {name}", [column[0] for column in cells.description], cells)
        finally:
            connection.close()
    return held


def of_rows(table: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> dict[str, bytes]:
    """Return what `rows` of a table hold, column by column."""
    names = list(columns)
    held: dict[str, list[bytes]] = {name: [] for name in names}
    for row in rows:
        for name, cell in zip(names, row, strict=True):
            if cell is not None:
                held[name].append(cell if isinstance(cell, bytes) else str(cell).encode())
    return {f"{table}.{name}": b"\n\0".join(cells) for name, cells in held.items() if cells}


def _readings(data: bytes, way: str, depth: int, seen: set[int]) -> Iterator[tuple[str, bytes]]:
    if not data or hash(data) in seen:
        return
    seen.add(hash(data))
    yield way, data
    yield f"{way} utf-16".strip(), data[0::2]
    yield f"{way} utf-16".strip(), data[1::2]
    if depth == 0:
        return
    plain = _unescaped(data)
    for name, read in (
        *((("unescaped", plain),) if plain != data else ()),
        ("unpacked", _unpacked(data)),
        *(("base64", part) for part in _out_of_base64(data)),
        *(("hex", part) for part in _out_of_hex(data)),
    ):
        yield from _readings(read, f"{way} {name}".strip(), depth - 1, seen)


def _unescaped(data: bytes) -> bytes:
    return _ESCAPED.sub(_character, data)


def _character(match: re.Match[bytes]) -> bytes:
    if match["broken"]:
        return b""
    byte = match["url"] or match["quoted"] or match["python"]
    if byte:
        return bytes([int(byte, 16)])
    number = int(match["json"] or match["hexadecimal"] or b"0", 16) or int(match["decimal"] or b"0")
    return chr(number).encode(errors="replace") if number <= 0x10FFFF else match[0]


def _unpacked(data: bytes) -> bytes:
    """Return all that unpacks of the streams that begin anywhere in `data`, whole or cut off."""
    parts = (_out_of_stream(data, match.start()) for match in _PACKED.finditer(data))
    return b"\0\0".join(part for part in parts if part)


def _out_of_stream(data: bytes, start: int) -> bytes:
    stream, parts = zlib.decompressobj(wbits=47), list[bytes]()
    while start < len(data) and not stream.eof:
        piece, before = data[start : start + _PIECE], stream.copy()
        start += _PIECE
        try:
            parts.append(stream.decompress(piece))
        except zlib.error:
            with suppress(zlib.error):
                for byte in piece:
                    parts.append(before.decompress(bytes([byte])))
            break
    return b"".join(parts)


def _out_of_base64(data: bytes) -> Iterator[bytes]:
    found = dict.fromkeys(_BASE64.findall(data))
    runs = list(dict.fromkeys(run.translate(_URL_SAFE, _BREAKS) for run in found))
    for start in range(4):
        # The last letters of a text may be fewer than four.
        whole = (run[start:] + b"A" * ((start - len(run)) % 4) for run in runs)
        yield base64.b64decode(_BETWEEN_BASE64.join(whole))


def _out_of_hex(data: bytes) -> Iterator[bytes]:
    runs = list(dict.fromkeys(_HEX.findall(data)))
    for start in range(2):
        whole = (run[start : len(run) - (len(run) - start) % 2] for run in runs)
        yield bytes.fromhex(_BETWEEN_HEX.join(whole).decode())
