"""Whoever looks for leaks finds what is there, however it is written down, and nothing that is not."""

import base64
import bz2
import gzip
import html
import json
import quopri
import random
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.leaks.searching import of_rows, of_sqlite, search, text, word

SECRET = "Zqvexlum Höß"
NEEDLE = {"secret": text("zqvexlum")}
NOISE = random.Random(1).randbytes(200_000)  # noqa: S311 -- the same noise each time


def is_found(data: bytes) -> bool:
    return bool(search({"here": data}, NEEDLE))


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda said: said,
    "in small letters": lambda said: said.lower(),
    "in capitals": lambda said: said.upper(),
    "base64": base64.b64encode,
    "base64, one byte on": lambda said: base64.b64encode(b"?" + said),
    "base64, two bytes on": lambda said: base64.b64encode(b"??" + said),
    "base64 within a longer word": lambda said: b"x" + base64.b64encode(said),
    "base64 for addresses": lambda said: base64.urlsafe_b64encode(b"\xff\xfe\xfd" + said).rstrip(b"="),
    "base64 of capitals": lambda said: base64.b64encode(said.upper()),
    "base64 in lines": lambda said: base64.encodebytes(b"." * 50 + said + b"." * 50),
    "base64 in lines of a mail": lambda said: base64.encodebytes(b"." * 50 + said).replace(b"\n", b"\r\n"),
    "hex": lambda said: said.hex().encode(),
    "hex in capitals": lambda said: said.hex().upper().encode(),
    "hex, half a byte on": lambda said: b"a" + said.hex().encode(),
    "hex as PostgreSQL writes bytes": lambda said: b"\\x" + said.hex().encode(),
    "utf-16": lambda said: said.decode().encode("utf-16-le"),
    "utf-16, the other way round": lambda said: said.decode().encode("utf-16-be"),
    "utf-16, one byte on": lambda said: b"\x07" + said.decode().encode("utf-16-le"),
    "escaped for an address": lambda said: "".join(f"%{byte:02X}" for byte in said).encode(),
    "escaped for an address where it has to be": lambda said: quote(said).encode(),
    "quoted-printable": quopri.encodestring,
    "quoted-printable, broken within": lambda said: said[:4] + b"=\r\n" + said[4:],
    "quoted-printable, every byte": lambda said: "".join(f"={byte:02X}" for byte in said).encode(),
    "JSON": lambda said: json.dumps(said.decode()).encode(),
    "JSON, every letter escaped": lambda said: "".join(f"\\u{ord(one):04x}" for one in said.decode()).encode(),
    "JSON in JSON": lambda said: json.dumps("".join(f"\\u{ord(one):04x}" for one in said.decode())).encode(),
    "bytes as Python shows them": lambda said: "".join(f"\\x{byte:02x}" for byte in said).encode(),
    "HTML": lambda said: html.escape(said.decode()).encode("ascii", "xmlcharrefreplace"),
    "HTML, every letter escaped": lambda said: "".join(f"&#x{ord(one):x};" for one in said.decode()).encode(),
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zlib, fast": lambda said: zlib.compress(said, 1),
    "zlib, best": lambda said: zlib.compress(said, 9),
    "zlib, cut off": lambda said: zlib.compress(said * 10)[:-6],
    "gzip in base64": lambda said: base64.b64encode(gzip.compress(said)),
    "base64 in base64": lambda said: base64.b64encode(base64.b64encode(said)),
    "hex of zlib in JSON": lambda said: json.dumps({"data": zlib.compress(said).hex()}).encode(),
    "UTF-16 in zlib in base64": lambda said: base64.b64encode(zlib.compress(said.decode().encode("utf-16-le"))),
    "escaped in quoted-printable": lambda said: quopri.encodestring(
        base64.b64encode("".join(f"%{byte:02x}" for byte in said).encode())
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_found_however_it_is_written(way: str) -> None:
    written = WAYS[way](SECRET.encode())
    assert is_found(written)
    assert is_found(NOISE[:1001] + b"\0" + written + b"\0" + NOISE[1001:3000])


def test_it_is_found_in_a_thousand_places_of_other_text() -> None:
    for start in range(0, 1000, 7):
        assert is_found(base64.b64encode(b"a" * start + SECRET.encode() + b"b" * (1000 - start)))


def test_nothing_is_found_where_nothing_is() -> None:
    assert search({"noise": NOISE, "text": b"Sign in to see it. " * 1000}, NEEDLE | {"word": word("lado")}) == []


def test_what_no_needle_can_be_in_is_not_read() -> None:
    assert not is_found(bz2.compress(SECRET.encode())), "if this is needed some day, searching has to learn it"


def test_it_says_what_was_found_where_and_how() -> None:
    found = search({"a log": b"all is well", "a mail": base64.b64encode(SECRET.encode())}, NEEDLE)
    assert [(one.needle, one.where, one.way) for one in found] == [("secret", "a mail", "base64")]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (b"the LADO was told of it", True),
        (b'{"event": "lado_referral_made"}', True),
        (b"lado", True),
        (b"\0lado\n\0", True),
        (b"\xff\x04lado\x10\xfe", True),
        (b"l\0a\0d\0o\0 \0w\0a\0s\0 \0t\0o\0l\0d\0", True),
        (b"a balladonna grows here", False),
        (b"the token a8LADOx4Wq71dTz09", False),
        (b"\xfe\x9dlado\xff\x8c", False),
    ],
)
def test_a_short_word_is_found_by_itself_alone(said: bytes, found: bool) -> None:
    assert bool(search({"here": said}, {"word": word("lado")})) is found


def test_a_value_that_lies_on_several_pages_is_found_in_its_cell(tmp_path: Path) -> None:
    split = 0
    for before in range(3900, 3940, 5):
        file = tmp_path / f"{before}.sqlite3"
        connection = sqlite3.connect(file)
        connection.execute("CREATE TABLE kept (what TEXT)")
        connection.execute("INSERT INTO kept VALUES (?)", ("." * before + SECRET + "." * (8000 - before),))
        connection.commit()
        connection.close()
        split += not is_found(file.read_bytes())
        assert f"{file.name}: kept.what" in {one.where for one in search(of_sqlite(file), NEEDLE)}
    assert split


def test_what_only_the_journal_has_yet_is_found(tmp_path: Path) -> None:
    file = tmp_path / "kept.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE kept (what TEXT)")
    connection.execute("INSERT INTO kept VALUES (?)", (SECRET,))
    connection.commit()
    assert not is_found(file.read_bytes())
    assert {one.where for one in search(of_sqlite(file), NEEDLE)} == {"kept.sqlite3-wal", "kept.sqlite3: kept.what"}
    connection.close()


def test_what_was_deleted_is_found_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "kept.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE kept (what TEXT)")
    connection.execute("INSERT INTO kept VALUES (?)", (SECRET,))
    connection.commit()
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("DELETE FROM kept")
    connection.commit()
    connection.close()
    assert [one.where for one in search(of_sqlite(file), NEEDLE)] == ["kept.sqlite3"]


def test_rows_of_any_database_are_read_column_by_column() -> None:
    rows = [(1, None, SECRET), (2, memoryview(b"").tobytes(), "nothing")]
    held = of_rows("kept", ["id", "bytes", "what"], rows)
    assert set(held) == {"kept.id", "kept.bytes", "kept.what"}
    assert [one.where for one in search(held, NEEDLE)] == ["kept.what"]
