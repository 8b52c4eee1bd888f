"""`duly calendar recompute`: what moves is said before it moves, and of confidential cases nothing ever is."""

import asyncio
import shutil
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from domain.calendar import local_day
from domain.cases import Batch, Opening
from settings import Settings, load_settings
from starter.commands import app
from starter.web import building
from store import packs as kept_packs
from store import people
from store.confidential import write as write_confidential
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.migrate import upgrade
from store.records import write_batch
from tests.confidence import a_confidential_opening, a_school
from tests.packs.test_calendar_moves import LOST
from tests.packs.test_coming_by_itself import lives
from tests.packs.trying import BEGINS, ROOT, an_opening, facts_of, whole_pack
from workflows.explorer import Move, play
from workflows.stories import STORIES


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings that the command finds as well: a pack with a one-off holiday, and no Temporal."""
    new = tmp_path / "new" / "cadmus"
    shutil.copytree(ROOT / "cadmus", new)
    file = new / "pack.toml"
    text = file.read_text(encoding="utf-8")
    assert "[calendar]\n" in text
    file.write_text(text.replace("[calendar]\n", "[calendar]\nproclaimed = [2026-11-24]\n"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DULY_MODE", "demo")
    monkeypatch.setenv("DULY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DULY_PACKS", str(tmp_path / "new"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.setattr(building, "now", lambda: BEGINS)
    return load_settings()


def put_on_record(settings: Settings, *openings: Opening, moves: tuple[Move, ...] = ()) -> None:
    """Put cases on record that have just begun, with what `moves` made of them."""

    async def write() -> None:
        db = Database(settings.database_url)
        keys = CaseKeys(db, Keyring.of(settings.key_ring))
        async with db.write() as session:
            digest = await kept_packs.keep(session, whole_pack("cadmus"))
            await people.save(session, facts_of("cadmus").directory.people)
        for case in openings:
            opening = case.model_copy(update={"pack_digest": digest})
            confidential = opening.process.confidential
            directory = a_school() if confidential else facts_of("cadmus").directory
            so_far = play(STORIES[opening.process.story](), opening, directory, BEGINS, moves)
            batch = Batch(case=opening.case, events=so_far.events, standing=so_far.standing, opening=opening)
            async with db.write() as session:
                await keys.create(session, opening.case)
                await (write_confidential if confidential else write_batch)(session, keys, batch, BEGINS)
        await db.close()

    upgrade(settings.database_url)
    asyncio.run(write())


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["calendar", "recompute", *words])


def test_a_dry_run_names_each_ask_that_would_move_and_moves_none(settings: Settings) -> None:
    case = an_opening(whole_pack("cadmus"))
    assert local_day(BEGINS) == date(2026, 11, 23)
    put_on_record(settings, case)
    first = run("--dry-run")
    assert first.exit_code == 0
    said = first.output.splitlines()
    assert said[0].startswith(f"{case.reference}  Line manager: due ")
    assert said[1] == (
        f"{case.reference}  A reminder goes to the Line manager: "
        "on Thursday 26 November 2026 until now, would be on Friday 27 November 2026"
    )
    assert said[-2] == (
        "Ordinary cases that would go by another calendar: 1. Asks due on another day: 1. "
        f"What else comes on another day: {len(said) - 3}."
    )
    assert run("--dry-run").output == first.output


def test_a_dry_run_names_what_comes_by_itself_of_a_site_where_nobody_is_asked(settings: Settings) -> None:
    site, live = lives(whole_pack("cadmus"))
    put_on_record(settings, site, moves=(*live, LOST))
    said = run("--dry-run").output.splitlines()
    assert said[:2] == [
        f"{site.reference}  The Person responsible for the site is asked: “Suspend posting: too few administrators or "
        "moderators are there”: on Tuesday 1 December 2026 until now, would be on Wednesday 2 December 2026",
        "Ordinary cases that would go by another calendar: 1. Asks due on another day: 0. "
        "What else comes on another day: 1.",
    ]


def test_a_run_says_the_same_whether_there_are_confidential_cases_or_not(settings: Settings) -> None:
    upgrade(settings.database_url)
    before = run("--dry-run"), run()
    secret = a_confidential_opening().model_copy(update={"organisation": "cadmus"})
    put_on_record(settings, secret)
    after = run("--dry-run"), run()
    assert [(one.exit_code, one.output) for one in before] == [(one.exit_code, one.output) for one in after]
    assert secret.reference not in after[0].output
    assert before[0].output.startswith("Nothing moves")


def test_nothing_is_moved_where_temporal_does_not_answer(settings: Settings) -> None:
    put_on_record(settings, an_opening(whole_pack("cadmus")))
    said = run()
    assert said.exit_code == 1
    assert said.output == "Temporal or its worker does not answer, and nothing was moved: try again.\n"
