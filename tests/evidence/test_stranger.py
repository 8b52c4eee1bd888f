"""A program that somebody else wrote from the description finds what Duly's own finds."""

import ast
from pathlib import Path

from domain.evidence import CHECKPOINTS, EVENTS
from starter.evidence import zipped
from tests.evidence import stranger
from tests.evidence.conftest import World, chained_anew, events_of, signed_anew
from tests.evidence.test_verifying import of_kind, saying, with_events


def agree(world: World, folder: Path, files: dict[str, bytes]) -> bool:
    """Return what both find, who have to agree."""
    file = folder / "evidence.zip"
    file.write_bytes(zipped(files))
    found = stranger.holds(file, world.fingerprint)
    assert found == (world.wrong(files) == [])
    return found


def test_the_other_program_has_nothing_of_duly() -> None:
    tree = ast.parse(Path(stranger.__file__).read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert {one.partition(".")[0] for one in imported} == {
        *("hashlib", "json", "re", "zipfile", "zlib", "datetime", "pathlib", "typing", "cryptography")
    }


async def test_both_find_that_evidence_holds_also_where_names_are_withheld(
    world: World, whole: dict[str, bytes], tmp_path: Path
) -> None:
    assert agree(world, tmp_path, whole)
    assert agree(world, tmp_path, await world.bundle("names"))


async def test_both_find_every_crime(world: World, whole: dict[str, bytes], tmp_path: Path) -> None:
    for name, data in whole.items():
        assert not agree(world, tmp_path, whole | {name: data[:-1]})
    events = events_of(whole)
    place = of_kind(events, "approved")
    forged = (
        events[:-1],
        events[1:],
        [*events[: place + 1], saying(events[place], comment="Again."), *events[place + 1 :]],
        [*events[:place], *events[place + 1 :]],
    )
    for one in forged:
        files = signed_anew(with_events(whole, chained_anew(one)), world.keys.sign)
        assert not agree(world, tmp_path, files)
        assert not agree(world, tmp_path, signed_anew(files | {CHECKPOINTS: b"[]", EVENTS: b"[]"}, world.keys.sign))
    without = signed_anew(with_events(whole, chained_anew(forged[2])) | {CHECKPOINTS: b"[]"}, world.keys.sign)
    assert not agree(world, tmp_path, without)
