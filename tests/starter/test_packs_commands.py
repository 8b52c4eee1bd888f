"""`duly packs diff` and `duly packs move`: what a new pack changes, for whom, and who is told what goes wrong."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import packs
from domain.cases import Act, Batch
from settings import Settings, load_settings
from starter.commands import app
from store import packs as kept_packs
from store import people
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.migrate import upgrade
from store.records import write_batch
from tests.packs.trying import BEGINS, ROOT, an_answer, an_opening, facts_of, played, whole_pack

OLD = ROOT / "cadmus"
REFERENCE = "K7QM-4TXR"
BY = ("--by", "ruth.bell@cadmus.example")
HEADS = "helen.marsh@cadmus.example"
NOT_ONE = f"--by should be the address of an administrator who is here now, and {HEADS} is not; nothing was moved"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings that the command finds as well: demo mode, in a folder of its own, without Temporal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DULY_MODE", "demo")
    monkeypatch.setenv("DULY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    return load_settings()


@pytest.fixture
def running(settings: Settings) -> Settings:
    """Put a case on record that the line manager has approved, and return the settings."""
    upgrade(settings.database_url)
    case = an_opening(whole_pack("cadmus"))
    moves: tuple[Act, ...] = (an_answer(case, played(case)),)

    async def write() -> None:
        db = Database(settings.database_url)
        keys = CaseKeys(db, Keyring.of(settings.key_ring))
        async with db.write() as session:
            digest = await kept_packs.keep(session, whole_pack("cadmus"))
            opening = case.model_copy(update={"pack_digest": digest})
            so_far = played(opening, *moves)
            await people.save(session, facts_of("cadmus").directory.people)
            await keys.create(session, opening.case)
            batch = Batch(case=opening.case, events=so_far.events, standing=so_far.standing, opening=opening)
            await write_batch(session, keys, batch, BEGINS)
        await db.close()

    asyncio.run(write())
    return settings


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["packs", *map(str, words)])


def changed(folder: Path, *changes: tuple[str, str], name: str = "cadmus") -> Path:
    """Return a copy of the Cadmus pack whose process has one text in place of another for each change."""
    new = folder / "new" / name
    shutil.copytree(OLD, new)
    file = new / "processes" / "site_creation.toml"
    text = file.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    file.write_text(text, encoding="utf-8")
    return new


STRICTER = ("I approve the aims and content of the proposed site.", "I have read the new policy and approve.")
SAYS = (
    "process “Create a social media site”, step “Line manager”: what is signed was"
    " “I approve the aims and content of the proposed site.”, is now “I have read the new policy and approve.”\n"
)


def test_two_packs_that_say_the_same_are_no_difference(tmp_path: Path) -> None:
    done = run("diff", OLD, changed(tmp_path, name="another-name"))
    assert (done.exit_code, done.stdout) == (0, "No difference.\n")


def test_what_a_new_pack_changes_is_said_without_a_database(tmp_path: Path) -> None:
    done = run("diff", OLD, changed(tmp_path, STRICTER))
    assert (done.exit_code, done.stdout) == (1, SAYS)


FELT = f"""
1 running request would be affected.
{REFERENCE}, at Communications manager. If it moved on:
  - step “Line manager” is asked again: what was approved is not what is signed now
"""


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize("words", [(OLD, "--cases"), ("cadmus",)], ids=["two folders", "the key of a pack"])
def test_each_running_request_is_named_with_where_it_stands_and_what_it_would_feel(
    tmp_path: Path, words: tuple[str | Path, ...]
) -> None:
    old, *options = words
    done = run("diff", old, changed(tmp_path, STRICTER), *options)
    assert (done.exit_code, done.stdout) == (1, SAYS + FELT)


@pytest.mark.usefixtures("running")
def test_a_request_that_would_feel_nothing_is_said_to(tmp_path: Path) -> None:
    new = changed(tmp_path, ("answer_within = 5", "answer_within = 4"), ("remind_on = [3, 5]", "remind_on = [3]"))
    done = run("diff", "cadmus", new)
    assert done.exit_code == 1
    assert done.stdout.endswith(
        f"{REFERENCE}, at Communications manager. If it moved on:\n  - nothing would be different\n"
    )


@pytest.mark.usefixtures("running")
def test_a_request_under_another_pack_is_not_listed(tmp_path: Path) -> None:
    older = changed(tmp_path / "older", ("answer_within = 5", "answer_within = 6"))
    done = run("diff", older, changed(tmp_path, STRICTER), "--cases")
    assert done.stdout.endswith("\n0 running requests would be affected.\n")


def test_no_name_of_a_person_is_printed(tmp_path: Path, running: Settings) -> None:
    del running
    said = run("diff", "cadmus", changed(tmp_path, STRICTER)).output
    assert not re.search("|".join(person.name for person in facts_of("cadmus").directory.people), said)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("diff", OLD), "Missing argument"),
        (("diff", OLD, "nowhere"), "does not exist"),
        (("diff", "cadmus", OLD), "The database is not one of this version of Duly"),
        (("diff", OLD, OLD, "--cases"), "The database is not one of this version of Duly"),
        (("move", REFERENCE, *BY), "Missing option"),
        (("move", REFERENCE, "--why", "New."), "Missing option"),
        (("move", REFERENCE, *BY, "--why", "New."), "The database is not one of this version of Duly"),
    ],
)
def test_wrong_use_is_exit_code_2(words: tuple[str | Path, ...], line: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert line in done.stderr


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("diff", "elms", OLD), "elms is no folder, and no running request goes by a pack of that key."),
        (("move", "K7QM", *BY, "--why", "New."), "Say which request by its reference, such as K7QM-4TXR, and why."),
        (("move", REFERENCE, *BY, "--why", " "), "Say which request by its reference, such as K7QM-4TXR, and why."),
        (("move", REFERENCE, "--by", HEADS, "--why", "New."), NOT_ONE),
    ],
)
def test_what_does_not_make_sense_here_is_exit_code_2(words: tuple[str | Path, ...], line: str) -> None:
    done = run(*words)
    assert (done.exit_code, done.stderr.strip()) == (2, line)


def test_a_faulty_pack_is_named_and_not_compared(tmp_path: Path) -> None:
    new = changed(tmp_path, ('back_to = "line_manager"', 'back_to = "nobody"'))
    done = run("diff", OLD, new)
    assert done.exit_code == 2
    assert done.stderr == "cadmus/processes/site_creation.toml: changes.back_to: there is no step nobody\n"


@pytest.mark.usefixtures("running")
def test_a_request_that_is_not_there_is_not_moved() -> None:
    done = run("move", "2222-2222", *BY, "--why", "The policy changed.")
    assert (done.exit_code, done.stderr) == (1, "There is no request of that reference.\n")


@pytest.mark.usefixtures("running")
def test_without_temporal_a_request_is_said_to_be_where_it_was() -> None:
    done = run("move", REFERENCE.lower(), *BY, "--why", "The policy changed.")
    assert done.exit_code == 1
    assert done.stderr.startswith("Temporal did not answer in time")


def test_of_what_a_pattern_names_the_packs_are_checked_and_nothing_else() -> None:
    everything = sorted(str(path) for path in Path(str(packs.__file__)).parent.glob("*"))
    result = CliRunner().invoke(app, ["packs", "check", "--quick", *everything])
    assert result.exit_code == 0, result.output
    assert result.output.count("the pack is in order") == 5
