"""`duly people import`, and the invented people of the demo, on real files and a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner, Result

import packs
from domain.fields import FormFacts, UnfitAnswerError, resolve_person
from domain.people import Directory, Person
from settings import Settings, load_settings
from starter import demo
from starter.commands import app
from store import links, mails, people, sessions
from store.database import Database
from store.migrate import upgrade
from tests.store.test_address_changes import asked

T = TypeVar("T")

HEADER = (
    "email,name,kind,schools,line_manager,seats,deputy,absences,leaves_on,authorised_by,authorised_on,administrator\n"
)
HELEN = "helen@cadmus.example,Helen Marsh,employee,hollybank,,headteacher,,,,,,\n"
BEN = "ben@cadmus.example,Ben Carter,employee,hollybank,helen@cadmus.example,,,,{leaves_on},,,\n"


@pytest.fixture(scope="module")
def shipped() -> list[str]:
    """Return the keys of the organisations whose packs Duly brings."""
    return sorted(packs.load_all((Path(packs.__file__).parent,)))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings that the command finds as well: demo mode, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DULY_MODE", "demo")
    monkeypatch.setenv("DULY_DATA_DIR", str(tmp_path / "data"))
    settings = load_settings()
    upgrade(settings.database_url)
    return settings


def write(settings: Settings, text: str) -> Path:
    file = settings.data_dir / "staff.csv"
    file.write_text(text, encoding="utf-8")
    return file


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["people", "import", *map(str, words)])


def within(settings: Settings, do: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Return what `do` returns, done in one transaction."""

    async def done() -> T:
        db = Database(settings.database_url)
        try:
            async with db.write() as session:
                return await do(session)
        finally:
            await db.close()

    return asyncio.run(done())


def known(settings: Settings, organisation: str = "cadmus") -> dict[str, Person]:
    directory = within(settings, lambda session: people.directory(session, organisation))
    return {person.email: person for person in directory.people}


def test_people_are_taken_in_once_however_often_the_file_is_imported(settings: Settings) -> None:
    file = write(settings, HEADER + HELEN + BEN.format(leaves_on=""))
    first = run(file, "--organisation", "cadmus")
    assert (first.exit_code, first.stdout) == (0, "Cadmus Family of Schools: 2 new people, 0 changed, 0 as before.\n")
    before = known(settings)
    again = run(file, "--organisation", "cadmus")
    assert (again.exit_code, again.stdout) == (0, "Cadmus Family of Schools: 0 new people, 0 changed, 2 as before.\n")
    assert known(settings) == before
    assert before["ben@cadmus.example"].line_manager == before["helen@cadmus.example"].id


def test_of_a_faulty_file_every_fault_is_said_and_nothing_is_taken_in(settings: Settings) -> None:
    file = write(settings, HEADER + HELEN + BEN.format(leaves_on="soon") + HELEN)
    result = run(file, "--organisation", "cadmus")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.strip().splitlines() == [
        "line 3, leaves_on: should be a date such as 2026-11-02",
        "line 4, email: is the address of line 2 again",
        "staff.csv: 2 faults; nothing was changed.",
    ]
    assert known(settings) == {}


def test_people_of_another_organisation_stay_theirs(settings: Settings) -> None:
    assert run(write(settings, HEADER + HELEN), "--organisation", "cadmus").exit_code == 0
    theirs = HELEN.replace("hollybank", "redhill")
    result = run(write(settings, HEADER + theirs), "--organisation", "redhill")
    assert result.exit_code == 1
    assert "line 2, email: is the address of somebody of another organisation" in result.stderr
    assert known(settings, "redhill") == {}


def test_where_there_are_several_organisations_one_has_to_be_named(settings: Settings, shipped: list[str]) -> None:
    file = write(settings, HEADER + HELEN)
    for words in ((file,), (file, "--organisation", "nowhere")):
        result = run(*words)
        assert result.exit_code == 2
        assert f"--organisation takes one of {', '.join(shipped)}" in result.stderr
    assert known(settings) == {}


def test_where_there_is_one_organisation_it_need_not_be_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DULY_PACKS", str(Path(packs.__file__).parent / "cadmus"))
    assert run(write(settings, HEADER + HELEN)).exit_code == 0
    assert list(known(settings)) == ["helen@cadmus.example"]


@pytest.mark.parametrize("words", [(), ("missing.csv",), (".",), ("staff.csv", "--force")])
def test_wrong_use_is_exit_code_2(settings: Settings, words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2
    assert known(settings) == {}


def test_a_faulty_pack_is_exit_code_2(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "pack.toml").write_text("[organisation]\n")
    monkeypatch.setenv("DULY_PACKS", str(tmp_path / "broken"))
    result = run(write(settings, HEADER + HELEN))
    assert result.exit_code == 2
    assert "broken/pack.toml" in result.stderr


@pytest.mark.parametrize(
    ("file", "locked_out"),
    [
        (HEADER + BEN.format(leaves_on="2020-07-31"), True),
        (HEADER + BEN.format(leaves_on="").replace("ben@", "ben+new@"), True),
        (HEADER + BEN.format(leaves_on="").replace("Ben Carter", "Benjamin Carter"), False),
    ],
    ids=["left", "another address", "another name"],
)
def test_whoever_has_left_or_moved_is_signed_out_and_loses_every_link(
    settings: Settings, file: str, locked_out: bool
) -> None:
    assert run(write(settings, HEADER + HELEN + BEN.format(leaves_on="")), "--organisation", "cadmus").exit_code == 0
    ben = known(settings)["ben@cadmus.example"].id
    now = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)

    async def come_in(session: AsyncSession) -> tuple[str, str]:
        return (
            await sessions.open_session(session, ben, now),
            await links.mint(session, case="c-1", ask="a1", person=ben, version=1, at=now),
        )

    async def still_in(session: AsyncSession) -> tuple[bool, bool]:
        link = await links.find(session, token)
        return await sessions.session_of(session, secret, now) is None, link is not None and link.status == "closed"

    secret, token = within(settings, come_in)
    assert run(write(settings, file), "--organisation", "cadmus").exit_code == 0
    assert within(settings, still_in) == (locked_out, locked_out)


def test_whoever_is_taken_out_of_the_directory_is_not_called_by_their_id(settings: Settings) -> None:
    assert run(write(settings, HEADER + HELEN), "--organisation", "cadmus").exit_code == 0
    facts = FormFacts(directory=Directory(people=()), today=date(2026, 11, 2), school="hollybank")
    with pytest.raises(UnfitAnswerError, match="Somebody who is no longer in the directory"):
        resolve_person(known(settings)["helen@cadmus.example"].id, authorised=False, facts=facts)


@pytest.mark.parametrize(
    ("file", "mailed"),
    [
        (HEADER + BEN.format(leaves_on="").replace("ben@", "ben+new@"), ["c-1"]),
        (HEADER + BEN.format(leaves_on="2020-07-31").replace("ben@", "ben+new@"), []),
        (HEADER + BEN.format(leaves_on="").replace("Ben Carter", "Benjamin Carter"), []),
    ],
    ids=["another address", "another address, and left", "another name"],
)
def test_what_waits_for_somebody_at_another_address_is_queued_to_be_mailed_there(
    settings: Settings, file: str, mailed: list[str]
) -> None:
    people_file = HEADER + HELEN + BEN.format(leaves_on="")
    assert run(write(settings, people_file), "--organisation", "cadmus").exit_code == 0
    ben = known(settings)["ben@cadmus.example"].id

    async def wait() -> None:
        db = Database(settings.database_url)
        await asked(db, "c-1", "a1", ben)
        await asked(db, "c-2", "a1", ben, closed_at=datetime(2026, 11, 2, tzinfo=UTC))
        await db.close()

    async def queued(session: AsyncSession) -> list[tuple[str | None, str | None, str, str]]:
        left = await mails.left_behind(session, datetime(2200, 1, 1, tzinfo=UTC))
        rows = [await mails.queued(session, mail) for mail in left]
        return [(row.case, row.ask, row.person, row.template) for row in rows if row is not None]

    asyncio.run(wait())
    # The same file again changes nobody's address any more.
    for _ in range(2):
        assert run(write(settings, file), "--organisation", "cadmus").exit_code == 0
        assert within(settings, queued) == [(case, "a1", ben, "ask") for case in mailed]


def test_the_demo_brings_people_to_each_organisation_that_has_none(settings: Settings, shipped: list[str]) -> None:
    assert run(write(settings, HEADER + HELEN), "--organisation", "cadmus").exit_code == 0
    asyncio.run(demo.load(settings))
    assert list(known(settings)) == ["helen@cadmus.example"]
    others = {key: known(settings, key) for key in shipped if key != "cadmus"}
    assert all(len(everybody) >= 12 for everybody in others.values())
    asyncio.run(demo.load(settings))
    assert {key: known(settings, key) for key in others} == others


def test_the_demos_people_are_as_various_as_a_real_school(settings: Settings, shipped: list[str]) -> None:
    asyncio.run(demo.load(settings))
    today = datetime(2026, 11, 2, tzinfo=UTC).date()
    for key in shipped:
        everybody = known(settings, key).values()
        assert {"employee", "governor", "contractor", "volunteer"} <= {person.kind.value for person in everybody}
        assert any(person.administrator for person in everybody)
        assert any(not person.is_active(today) for person in everybody)
        assert any(person.absences and person.deputy for person in everybody)
        assert any(person.authorisation for person in everybody if person.kind.value == "contractor")
        initialled = [(person.name[0], person.name.split()[-1]) for person in everybody]
        assert len(set(initialled)) < len(initialled)
        assert all(person.email.endswith(f"@{key}.example") for person in everybody)
    assert {school for person in known(settings).values() for school in person.schools} >= {"hollybank", "castlebridge"}


def test_the_demos_people_hold_every_seat_that_can_be_held(settings: Settings, shipped: list[str]) -> None:
    asyncio.run(demo.load(settings))
    for key, pack in packs.load_all(settings.packs).items():
        held = {(one.school, one.seat) for person in known(settings, key).values() for one in person.holdings}
        seats = [seat.key for seat in pack.seats if seat.from_field is None]
        assert held == {(school.key, seat) for school in pack.organisation.schools for seat in seats}
    assert shipped


def test_three_people_of_the_demo_are_named_to_sign_in_as(settings: Settings) -> None:
    asyncio.run(demo.load(settings))
    named = demo.people_to_try(settings)
    assert named == demo.people_to_try()
    assert len(named) == 3
    for name, role, email in named:
        person = known(settings)[email]
        assert person.name == name
        assert person.is_active(datetime(2026, 11, 2, tzinfo=UTC).date())
        assert role
