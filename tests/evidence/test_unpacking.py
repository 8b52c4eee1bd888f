"""A file that is made to do harm is refused in a sentence, before anything of it is unpacked."""

import io
import stat
import zipfile
from collections.abc import Callable

import pytest

from starter.evidence import MOST_BYTES, BundleRefusedError, unpacked, zipped

Packs = Callable[[zipfile.ZipFile], None]


def packed_by(packs: Packs) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        packs(archive)
    return made.getvalue()


def named(*names: str) -> Packs:
    def packs(archive: zipfile.ZipFile) -> None:
        for name in names:
            archive.writestr(name, b"x")

    return packs


def a_bomb(archive: zipfile.ZipFile) -> None:
    for number in range(8):
        archive.writestr(f"m{number}", bytes(MOST_BYTES // 8 + 1))


def a_link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("manifest.json")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def of_another_method(archive: zipfile.ZipFile) -> None:
    archive.writestr("manifest.json", b"x", zipfile.ZIP_LZMA)


ELSEWHERE = "It has a file whose name leads elsewhere, or that is no plain file: it was not unpacked."
HARM: dict[str, tuple[Packs, str]] = {
    "a bomb": (a_bomb, "It would unpack to more than any evidence has: it was not unpacked."),
    "many files": (
        named(*(f"m{number}" for number in range(51))),
        "It would unpack to more than any evidence has: it was not unpacked.",
    ),
    "very many files": (
        named(*(f"m{number}" for number in range(2000))),
        "It is larger than any evidence: it was not unpacked.",
    ),
    "a way up": (named("../manifest.json"), ELSEWHERE),
    "a way from the root": (named("/etc/passwd"), ELSEWHERE),
    "a way of Windows": (named("C:\\x"), ELSEWHERE),
    "a folder": (named("events/"), ELSEWHERE),
    "a hidden file": (named(".events.json"), ELSEWHERE),
    "a link": (a_link, ELSEWHERE),
    "another method": (of_another_method, "manifest.json is packed in a way in which evidence never is"),
}


@pytest.mark.parametrize(("packs", "sentence"), HARM.values(), ids=HARM.keys())
def test_harm_is_refused_in_a_sentence(packs: Packs, sentence: str) -> None:
    with pytest.raises(BundleRefusedError) as refused:
        unpacked(packed_by(packs))
    assert str(refused.value).startswith(sentence)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("manifest.json", "manifest.json"), ("manifest.json", "MANIFEST.json")])
def test_two_files_of_one_name_are_refused(names: tuple[str, str]) -> None:
    with pytest.raises(BundleRefusedError, match="It has two files of the name"):
        unpacked(packed_by(named(*names)))


def test_what_is_encrypted_is_refused() -> None:
    data = bytearray(zipped({"manifest.json": b"x"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    with pytest.raises(BundleRefusedError, match="packed in a way in which evidence never is"):
        unpacked(bytes(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b"PK\x03\x04 and no more",
        b"#!/bin/sh\n" + zipped({"manifest.json": b"x"}),
        zipped({"manifest.json": b"x"}) + b"more",
    ],
)
def test_what_is_no_zip_file_or_more_than_one_is_refused(data: bytes) -> None:
    with pytest.raises(BundleRefusedError, match="It is not a ZIP file with nothing before and after it"):
        unpacked(data)


def test_a_zip_file_that_is_not_whole_is_refused() -> None:
    data = zipped({"manifest.json": b"a longer text, in which a byte is changed"})
    for place in range(40, len(data) - 22, 3):
        changed = data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :]
        try:
            files = unpacked(changed)
        except BundleRefusedError:
            continue
        assert files == {"manifest.json": b"a longer text, in which a byte is changed"} or list(files) != [
            "manifest.json"
        ]
