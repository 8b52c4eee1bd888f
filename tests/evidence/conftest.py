"""What tests of evidence begin with: a site that three people approved through the real processes, and its bundle."""

import asyncio
import hashlib
import json
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from domain.cases import Act, Opening
from domain.chain import canonical
from domain.events import Verdict
from domain.evidence import EVENTS, MANIFEST, SIGNATURE, Rule
from domain.pack import Before, Changes, DifferentPeople, EventMatch, Notice
from domain.verifying import BEFORE_THE_MANIFEST, Finding, findings
from starter.evidence import unpacked
from starter.web.bundling import packed
from store import evidence, packs, people, queries
from store.checkpoints import Anchor
from store.database import Database
from store.evidence import Gathered
from store.keys import CaseKeys
from store.signing import SigningKeys, is_signed, signing_keys
from tests.builders import ANSWERS, MONDAY, PACK, PROCESS, a_person, an_opening
from tests.house import KEYRING, Begun, House, house, temporal
from tests.store.conftest import migrated_file

__all__ = ["migrated_file"]

CLAUSE = "c16-2"
RULES = (
    Before(
        rule="before",
        key="manager_first",
        first=EventMatch(event=("approved",), step="line_manager"),
        then=EventMatch(event=("approved",), step="headteacher"),
        same="version",
        clause=CLAUSE,
    ),
    DifferentPeople(
        rule="different_people",
        key="two_people",
        first=EventMatch(event=("approved",), step="line_manager"),
        then=EventMatch(event=("approved",), step="headteacher"),
        clause=CLAUSE,
    ),
)
NOTICES = (
    Notice(on="request_submitted", to=("author",), template="request_received"),
    Notice(on="request_submitted", to=("headteacher",), template="request_notice"),
    Notice(on="site_approved", to=("author", "deciders"), template="outcome_approved"),
)
SITE = PROCESS.model_copy(
    update={
        "rules": RULES,
        "notices": NOTICES,
        "changes": Changes(back_to="line_manager", clause=CLAUSE),
    }
)
PRIYA, QUILL, HILDE, DMITRI = (f"p-{letter * 32}" for letter in "abcd")
PEOPLE = (
    a_person(PRIYA, "Priya Nairnsworth", line_manager=QUILL, email="priya@elmbrook.example"),
    a_person(QUILL, "Bartholomew Quill", email="quill@elmbrook.example"),
    a_person(HILDE, "Hildegard Oxenbury", "headteacher", email="hilde@elmbrook.example"),
    a_person(DMITRI, "Dmitri Pavlenko", "deputy_head", email="dmitri@elmbrook.example"),
)
"""Priya asks for a site, Quill manages her, Hildegard is the headteacher: names that are no part of another word."""

COMMENT = "Ottoline has seen it too. #panic() *really*"


@dataclass(frozen=True)
class World:
    """A house with an approved site, and the key that signs there."""

    home: House
    opening: Opening
    keys: SigningKeys
    folder: Path

    async def gathered(self, *withheld: Rule) -> Gathered:
        """Return the evidence of the site."""
        async with self.home.db.read() as session:
            row = await queries.case_by_id(session, self.opening.case)
            assert row is not None
            return await evidence.of_case(session, self.home.keys, row, frozenset(withheld))

    async def bundle(self, *withheld: Rule) -> dict[str, bytes]:
        """Return the files of the bundle of the site."""
        return unpacked(packed(await self.gathered(*withheld), self.keys, MONDAY))

    @property
    def fingerprint(self) -> str:
        """Return what the school publishes, as `findings` takes it."""
        return self.keys.fingerprint.replace(" ", "")

    def found(self, files: dict[str, bytes]) -> tuple[Finding, ...]:
        """Return what is found of a bundle by whoever has the fingerprint."""
        return findings(files, is_signed, self.fingerprint)

    def wrong(self, files: dict[str, bytes]) -> list[str]:
        """Return the sentences about what does not hold."""
        return [one.sentence for one in self.found(files) if not one.holds]


def an_answer(ask: str, person: str, version: int, **more: Any) -> Act:
    """Return an approval with everything in it but the signature."""
    return Act.model_validate(
        {
            "kind": "answer",
            "person": person,
            "how": "link",
            "ask": ask,
            "version": version,
            "verdict": Verdict.APPROVE,
            "opened_at": MONDAY,
            **more,
        }
    )


async def approved(home: House, anchor: Anchor) -> Opening:
    """Return the opening of a request that was changed, and then approved by Quill and by Hildegard."""
    async with home.db.write() as session:
        await people.save(session, PEOPLE)
        await home.keys.create(session, "c-1")
        digest = await packs.keep(session, PACK.model_copy(update={"processes": (SITE,)}))
    answers = ANSWERS | {"author": PRIYA, "line_manager": QUILL, "administrators": (PRIYA, QUILL)}
    opening = an_opening(starter=PRIYA, author=PRIYA, answers=answers)
    opening = opening.model_copy(update={"process": SITE, "pack_digest": digest})
    await home.engine.begin(opening)
    case = Begun(home, opening)
    await case.settled()
    await anchor.take(home.clock())
    request = opening.request
    changed = request.model_copy(update={"answers": answers | {"aims": "Ask Dmitri Pavlenko about the aims."}})
    await act(case, Act(kind="edit", person=PRIYA, how="session", version=request.edition, request=changed))
    await act(case, an_answer("a2", QUILL, 2, signature="B. Quill by hand", comment=COMMENT))
    await act(case, an_answer("a3", HILDE, 2, signature="H. Oxenbury by hand", confirmations=("resources",)))
    await case.settled()
    await anchor.take(home.clock())
    return opening


async def act(case: Begun, what: Act) -> None:
    assert (await case.house.engine.act(case.opening.case, what)).says == "done"
    await case.settled()


@pytest.fixture(scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> AsyncIterator[World]:
    """Yield a house in which all has happened: nothing runs there any more, and what is on record can be read."""
    folder = tmp_path_factory.mktemp("world")
    shutil.copy(migrated_file, folder / "duly.sqlite3")
    keys = await asyncio.to_thread(signing_keys, folder / "signing.key")
    async with temporal() as environment, house(environment, folder) as home:
        opening = await approved(home, Anchor(home.db, keys, folder / "checkpoints"))
    db = Database(f"sqlite+aiosqlite:///{folder}/duly.sqlite3")
    yield World(replace(home, db=db, keys=CaseKeys(db, KEYRING)), opening, keys, folder)
    await db.close()


@pytest.fixture(scope="session")
async def whole(world: World) -> dict[str, bytes]:
    """Return the files of the bundle of the site, nothing withheld."""
    return await world.bundle()


def signed_anew(files: dict[str, bytes], sign: Callable[[bytes], str], **changes: Any) -> dict[str, bytes]:
    """Return `files` with a manifest that lists them as they are now, with `changes`, and a signature by `sign`."""
    manifest = json.loads(files[MANIFEST]) | changes
    members = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for name, data in files.items()
        if name not in {MANIFEST, SIGNATURE}
    }
    listed = canonical(manifest | {"members": members}).encode()
    return files | {MANIFEST: listed, SIGNATURE: f"{sign(BEFORE_THE_MANIFEST + listed)}\n".encode()}


def chained_anew(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return events with numbers and hashes as if they had happened like this."""
    previous, chained = "0" * 64, []
    for n, event in enumerate(events, 1):
        entry = canonical(json.loads(event["entry"]) | {"n": n})
        hash_ = hashlib.sha256(f"{previous}{entry}".encode()).hexdigest()
        chained.append(event | {"n": n, "entry": entry, "previous": previous, "hash": hash_})
        previous = hash_
    return chained


def events_of(files: dict[str, bytes]) -> list[dict[str, Any]]:
    """Return the events of a bundle."""
    found: list[dict[str, Any]] = json.loads(files[EVENTS])
    return found
