"""The evidence of confidential cases: who reported is withheld unless asked for; what cleared a case is shown."""

import json
from pathlib import Path

import pytest

from domain.chain import canonical
from domain.evidence import CLEARANCES, EVENTS, RECORD, Rule
from domain.verifying import findings
from starter.evidence import unpacked
from starter.web.bundling import packed
from store import confidential, evidence
from store.database import Database
from store.keys import CaseKeys
from store.migrate import upgrade
from store.signing import SigningKeys, is_signed, signing_keys
from tests.builders import MONDAY
from tests.confidence import MARKERS, a_confidential_opening, a_school, advice, an_act
from tests.evidence.conftest import signed_anew
from tests.evidence.test_bundle import text_of
from tests.store.carrying import Carried, carried
from tests.store.conftest import RING

Files = dict[str, bytes]


@pytest.fixture
async def database(tmp_path: Path) -> Database:
    url = f"sqlite+aiosqlite:///{tmp_path}/duly.sqlite3"
    import asyncio

    await asyncio.to_thread(upgrade, url)
    return Database(url)


@pytest.fixture
def keys(database: Database) -> CaseKeys:
    return CaseKeys(database, RING)


@pytest.fixture
def signer(tmp_path: Path) -> SigningKeys:
    return signing_keys(tmp_path / "signing.key")


async def bundle(database: Database, keys: CaseKeys, signer: SigningKeys, case: Carried, *withheld: Rule) -> Files:
    """Return the files of the bundle of a case."""
    async with database.read() as session:
        found = await confidential.by_reference(session, keys, case.opening.reference)
        assert found is not None
        gathered = await evidence.of_confidential(session, keys, found, frozenset(withheld))
    await database.close()
    return unpacked(packed(gathered, signer, MONDAY))


def wrong(signer: SigningKeys, files: Files) -> list[str]:
    found = findings(files, is_signed, signer.fingerprint.replace(" ", ""))
    return [one.sentence for one in found if not one.holds]


def all_text(files: Files) -> str:
    rest = b"\n".join(data for name, data in files.items() if name != RECORD).decode()
    return rest + text_of(files[RECORD])


async def an_allegation(database: Database, keys: CaseKeys) -> Carried:
    case = await carried(database, keys, a_confidential_opening())
    await case.act(an_act("head", "lado_referral_made", "a1"))
    await case.act(advice("head", "investigate", "open_disciplinary"))
    return case


async def test_the_reporter_is_withheld_and_the_rest_holds(
    database: Database, keys: CaseKeys, signer: SigningKeys
) -> None:
    case = await an_allegation(database, keys)
    files = await bundle(database, keys, signer, case, "reporter")
    assert wrong(signer, files) == []
    assert "Wilhelmina" not in all_text(files)
    assert "quicksilver" in all_text(files)
    named = await bundle(database, keys, signer, case)
    assert wrong(signer, named) == []
    assert "Wilhelmina" in all_text(named)


async def test_where_names_are_withheld_nothing_that_was_reported_is_in_any_file(
    database: Database, keys: CaseKeys, signer: SigningKeys
) -> None:
    case = await an_allegation(database, keys)
    files = await bundle(database, keys, signer, case, "names", "reporter")
    assert wrong(signer, files) == []
    said = all_text(files).casefold()
    assert [marker for marker in MARKERS if marker.casefold() in said] == []
    ids = [f'"{person.id}"' for person in a_school().people]
    assert [one for one in ids if one in files[EVENTS].decode()] == []


async def test_what_cleared_a_disciplinary_case_is_shown_and_no_more_of_that_case(
    database: Database, keys: CaseKeys, signer: SigningKeys
) -> None:
    allegation = await an_allegation(database, keys)
    await allegation.act(an_act("head", "disciplinary_opened", "a1"))
    (opening,) = allegation.written[-1].begins
    case = await Carried(database, keys, opening).begin()
    files = await bundle(database, keys, signer, case)
    assert wrong(signer, files) == []
    (shown,) = json.loads(files[CLEARANCES])
    values = [one["value"][0] for one in shown["event"]["fields"].values() if "value" in one]
    assert sorted(values) == ["allegations", "kind", "permits"]
    missing = signed_anew(files | {CLEARANCES: b"[]"}, signer.sign)
    assert "and that advice is not shown." in wrong(signer, missing)[0]
    for place, one in shown["event"]["fields"].items():
        if "value" in one and one["value"][0] == "permits":
            other = {**shown, "event": {**shown["event"], "fields": {**shown["event"]["fields"]}}}
            other["event"]["fields"][place] = {"salt": one["salt"], "value": ["permits", ["open_disciplinary"]]}
            changed = signed_anew(files | {CLEARANCES: canonical([other]).encode()}, signer.sign)
            assert wrong(signer, changed)[0].startswith("Of the advice that cleared the case: What event")
    another = {**shown, "event": {**shown["event"], "entry": shown["event"]["entry"].replace('"n":', '"n": ')}}
    changed = signed_anew(files | {CLEARANCES: canonical([another]).encode()}, signer.sign)
    assert "names another event as the advice that cleared the case" in wrong(signer, changed)[0]
