"""Two programs that know nothing of each other say the same of evidence of every kind of case, good and spoiled."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from domain.calendar import local_day
from domain.cases import Act, Opening
from domain.chain import canonical
from domain.evidence import ATTESTATIONS, Rule
from domain.people import Directory
from domain.round_entries import DESK, VisitorSigned
from domain.verifying import findings
from starter.evidence import BundleRefusedError, unpacked, zipped
from starter.web.bundling import packed
from store import confidential, evidence, queries
from store.checkpoints import Anchor
from store.signing import SigningKeys, is_signed, signing_keys
from tests.confidence import a_confidential_pack, a_school
from tests.evidence import stranger
from tests.evidence.conftest import signed_anew
from tests.evidence.damage import DAMAGES, Hand, spoiled, written_anew
from tests.house import Begun, House, house, temporal
from tests.record_histories import CONFIDENTIAL, ROUNDS, STORIES, as_of
from tests.rounds import a_pack_of_rounds, people_of_rounds, put_on_record
from tests.stories import a_directory, a_pack, a_person

WHOLE = os.environ.get("DULY_TEST_PROFILE") == "soak"
EVERYBODY = (
    *people_of_rounds().people,
    *a_school().people,
    *a_directory(a_person("other"), a_person("admin", administrator=True)).people,
)
PEOPLE = Directory(people=tuple({person.id: person for person in EVERYBODY}.values()))
FEW = (
    *("approved", "rejected", "withdrawn", "returned-and-changed", "held-and-void", "allegation", "disciplinary"),
    *("review", "signature", "acknowledgement"),
)
"""The cases of the normal profile; and one that was opened out of an allegation."""

VISITOR = VisitorSigned(by=DESK, name="Vera Visit", wording="I have read it.", until=date(2040, 1, 6))
CAMPAIGN, CLOSING = ROUNDS["acknowledgement"]
ALL = {**STORIES, **CONFIDENTIAL, **ROUNDS, "acknowledgement": (CAMPAIGN, (put_on_record(VISITOR, DESK), *CLOSING))}
PACKS = {
    **dict.fromkeys(STORIES, a_pack()),
    **dict.fromkeys(CONFIDENTIAL, a_confidential_pack()),
    **dict.fromkeys(ROUNDS, a_pack_of_rounds()),
}
Files = dict[str, bytes]


@dataclass(frozen=True)
class World:
    """Cases of every kind, and the keys that sign there: the first since the first checkpoint."""

    home: House
    keys: SigningKeys
    cases: dict[str, Begun]

    async def bundle(self, name: str, *withheld: Rule) -> Files:
        """Return the files of the bundle of a case."""
        opening = self.cases[name].opening
        async with self.home.db.read() as session:
            if opening.process.confidential:
                found = await confidential.by_reference(session, self.home.keys, opening.reference)
                assert found is not None
                gathered = await evidence.of_confidential(session, self.home.keys, found, frozenset(withheld))
            else:
                row = await queries.case_by_id(session, opening.case)
                assert row is not None
                gathered = await evidence.of_case(session, self.home.keys, row, frozenset(withheld))
        return unpacked(await asyncio.to_thread(packed, gathered, self.keys, self.home.clock()))

    @property
    def fingerprint(self) -> str:
        return self.keys.fingerprint.replace(" ", "")


async def begun(home: House, opening: Opening, moves: tuple[Act | timedelta, ...], pack: Any) -> Begun:
    """Return a case in which all that is to happen did."""
    case = await home.begin(opening, PEOPLE, pack)
    await case.settled()
    for move in moves:
        if isinstance(move, timedelta):
            await case.pass_time(move)
        else:
            await home.engine.act(opening.case, as_of(move, local_day(home.clock())))
        await case.settled()
    return case


async def together(home: House, names: tuple[str, ...]) -> dict[str, Begun]:
    """Return the cases of these names, which all happened at the same time."""
    done = await asyncio.gather(*(begun(home, *ALL[name], PACKS[name]) for name in names))
    return dict(zip(names, done, strict=True))


async def opened_out_of(allegation: Begun) -> Begun:
    """Return the disciplinary case that was opened out of an allegation, once it is on record."""
    home = allegation.house
    async with asyncio.timeout(20):
        while True:
            async with home.db.read() as session:
                for person in ("head", "chair"):
                    for one in await confidential.of_person(session, home.keys, person):
                        if one.opening.parent == allegation.opening.case:
                            return Begun(home, one.opening)
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("world")
    shutil.copy(migrated_file, folder / "duly.sqlite3")
    former = await asyncio.to_thread(signing_keys, folder / "former.key")
    (folder / "signing.key").touch(mode=0o600)
    lines = (await asyncio.to_thread(signing_keys, folder / "other.key"), (folder / "other.key").read_text())
    (folder / "signing.key").write_text(lines[1] + (folder / "former.key").read_text())
    keys = await asyncio.to_thread(signing_keys, folder / "signing.key")
    assert keys.former_public == (former.public,)
    async with temporal() as environment, house(environment, folder) as home:
        names = tuple(ALL) if WHOLE else FEW
        cases = await together(home, names[:2])
        await Anchor(home.db, former, folder / "checkpoints").take(home.clock())
        cases |= await together(home, names[2:])
        cases["opened"] = await opened_out_of(cases["allegation"])
        await Anchor(home.db, keys, folder / "checkpoints").take(home.clock())
        yield World(home, keys, cases)


def agree(world: World, file: Path, data: bytes) -> bool:
    """Return what both say of a file, who have to agree."""
    file.write_bytes(data)
    try:
        found = findings(unpacked(data), is_signed, world.fingerprint)
        ours = all(one.holds for one in found)
        why = [one.sentence for one in found if not one.holds]
    except BundleRefusedError as refused:
        ours, why = False, [str(refused)]
    theirs = stranger.holds(file, world.fingerprint)
    assert theirs == ours, why
    return ours


def redactions(case: Begun) -> list[tuple[Rule, ...]]:
    """Return in which ways something of a case can be withheld."""
    ways: list[tuple[Rule, ...]] = [(), ("names",)]
    return [*ways, ("reporter",), ("names", "reporter")] if case.opening.process.confidential else ways


async def good(world: World) -> list[tuple[str, Files]]:
    """Return bundles that hold: every case whole first, then with something withheld."""
    wanted = [(name, way) for name, case in world.cases.items() for way in redactions(case)]
    wanted.sort(key=lambda one: bool(one[1]))
    return [(f"{name} {way}", await world.bundle(name, *way)) for name, way in wanted[: 50 if WHOLE else 12]]


@pytest.mark.filterwarnings("ignore:Duplicate name")
async def test_both_say_the_same_of_what_is_good_and_of_what_was_spoiled(world: World, tmp_path: Path) -> None:
    bundles = await good(world)
    assert len(bundles) == (50 if WHOLE else 12)
    for name, files in bundles:
        assert agree(world, tmp_path / "evidence.zip", zipped(files)), name
    hands = [
        Hand(files, bundles[(n + 1) % len(bundles)][1], world.keys, seed=n) for n, (_, files) in enumerate(bundles)
    ]
    done = set()
    for name, data in islice(spoiled(hands), len(DAMAGES) * (4 if WHOLE else 1)):
        assert not agree(world, tmp_path / "evidence.zip", data), name
        done.add(name)
    assert len(done) >= len(DAMAGES) - 2
    # Where no checkpoint has seen it, some of what is written anew breaks a rule, and some holds.
    told = [agree(world, tmp_path / "evidence.zip", written_anew(hand)) for hand in hands for _ in range(4)]
    assert set(told) == {True, False}


async def test_both_read_evidence_of_the_first_format_too(world: World, tmp_path: Path) -> None:
    for name in ("approved", "signature", "acknowledgement"):
        files = await world.bundle(name)
        attested = [
            {field: value for field, value in one.items() if field != "document"}
            for one in json.loads(files[ATTESTATIONS])
            if one["answer"] != "signed"
        ]
        older = files | {ATTESTATIONS: canonical(attested).encode()}
        assert agree(
            world, tmp_path / "evidence.zip", zipped(signed_anew(older, world.keys.sign, format="duly-evidence/1"))
        )
        if attested != json.loads(files[ATTESTATIONS]) and name != "approved":
            assert not agree(world, tmp_path / "evidence.zip", zipped(signed_anew(older, world.keys.sign)))


async def test_what_was_signed_is_there_word_for_word_with_the_version_of_the_document(world: World) -> None:
    async def attested(name: str, *withheld: Rule) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((await world.bundle(name, *withheld))[ATTESTATIONS])
        return found

    words = "I have read it and will keep to it."
    [signed] = await attested("signature")
    assert (signed["attestation"], signed["signature"], signed["answer"]) == (words, "Mod_A", "approved")
    assert signed["document"] == {**signed["document"], "document": "code", "version": "1", "digest": "d" * 64}
    [visitor] = await attested("acknowledgement")
    assert (visitor["attestation"], visitor["signature"]) == ("I have read it.", "Vera Visit")
    assert visitor["document"] == {"event": 1, "document": "code", "version": "1", "digest": "d" * 64}
    [approval] = await attested("review")
    adopted = next(one for one in await world.cases["review"].events() if one.kind == "version_adopted")
    assert approval["attestation"] == "I approve it."
    assert approval["document"]["digest"] == getattr(adopted, "digest", "")
    assert approval["document"]["version"] == "2"
    assert {one["document"] for one in await attested("approved")} == {None}
    for name in ("signature", "acknowledgement", "review"):
        [hidden] = await attested(name, "names")
        assert hidden["document"]["digest"] == "[withheld]"
        assert "Vera" not in json.dumps(hidden)
