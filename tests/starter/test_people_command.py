"""`duly people import`, and the invented people of the demo, on real files and a real database."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner, Result

import packs
from domain.calendar import Period
from domain.fields import FormFacts, UnfitAnswerError, resolve_person
from domain.people import Directory, Person
from domain.power import PowerChange, What
from settings import Settings, load_settings
from starter import demo
from starter.commands import app
from store import links, mails, people, power, sessions
from store.database import Database
from store.power_mails import untold
from store.tables import PowerChangeRow
from tests.store.test_power import asked

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
def settings(migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings that the command finds as well: demo mode, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DULY_MODE", "demo")
    monkeypatch.setenv("DULY_DATA_DIR", str(tmp_path / "data"))
    settings = load_settings()
    shutil.copy(migrated_file, settings.data_dir / "duly.sqlite3")
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
    assert (first.exit_code, first.stdout.splitlines()) == (
        0,
        ["Cadmus Family of Schools: 2 new people, 0 changed, 0 as before.", "2 changes applied."],
    )
    before = known(settings)
    again = run(file, "--organisation", "cadmus")
    assert (again.exit_code, again.stdout.splitlines()) == (
        0,
        ["Cadmus Family of Schools: 0 new people, 0 changed, 2 as before.", "0 changes applied."],
    )
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
        (HEADER + BEN.format(leaves_on="").replace("Ben Carter", "Benjamin Carter"), False),
    ],
    ids=["left", "another name"],
)
def test_whoever_has_left_is_signed_out_and_loses_every_link(settings: Settings, file: str, locked_out: bool) -> None:
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


RUTH = "ruth@cadmus.example,Ruth Bell,employee,hollybank,,,,,,,,yes\n"
OWEN = "owen@cadmus.example,Owen Price,employee,hollybank,,,,,,,,yes\n"
OFFICE = HEADER + HELEN + BEN.format(leaves_on="") + RUTH + OWEN
BY = ("--organisation", "cadmus", "--by", "Ruth@cadmus.example")
AWAY = Period(name="away", first=date(2030, 1, 7), last=date(2030, 1, 8))
PAGE = "http://127.0.0.1:8000/admin/changes-of-power"


def set_up(settings: Settings) -> dict[str, Person]:
    """Have Helen, Ben and two administrators in the directory, and return them."""
    assert run(write(settings, OFFICE), "--organisation", "cadmus").exit_code == 0
    return known(settings)


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 -- the command's clock is this machine's


def waiting(settings: Settings) -> list[tuple[str, str, str]]:
    """Return what waits for a second person: whose, what, and what comes of it."""
    return [(row.person, row.what, row.after) for row in rows(settings)]


def rows(settings: Settings) -> Sequence[PowerChangeRow]:
    return within(settings, lambda session: power.waiting(session, "cadmus", now()))


def confirm(settings: Settings, by: str, at: datetime) -> tuple[str, ...]:
    """Have `by` confirm all that waits, and return the ids of the mails to be sent."""

    async def done(session: AsyncSession) -> tuple[str, ...]:
        return await power.confirm(session, await power.waiting(session, "cadmus", at), by, at)

    return within(settings, done)


def test_what_is_ordinary_comes_at_once_and_changes_of_power_wait_for_a_second_person(settings: Settings) -> None:
    before = set_up(settings)
    ben, helen = before["ben@cadmus.example"], before["helen@cadmus.example"]
    file = write(
        settings,
        HEADER
        + "ben+new@cadmus.example,Benjamin Carter,employee,hollybank,ruth@cadmus.example,dsl,helen@cadmus.example,"
        + "2030-01-07..2030-01-08,2030-07-31,,,yes\n"
        + "new@cadmus.example,Noor Aziz,employee,hollybank,helen@cadmus.example,headteacher,,,,,,\n"
        + HELEN.replace(",headteacher,", ",,"),
    )
    result = run(file, *BY)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "Cadmus Family of Schools: 1 new person, 1 changed, 1 as before.",
        f"4 changes applied, 7 wait for a second person: {PAGE}",
    ]
    after = known(settings)
    noor = after["new@cadmus.example"]
    ruth = before["ruth@cadmus.example"]
    assert after == {
        **before,
        ben.email: ben.model_copy(
            update={"name": "Benjamin Carter", "absences": (AWAY,), "leaves_on": date(2030, 7, 31)}
        ),
        noor.email: noor.model_copy(update={"holdings": (), "line_manager": helen.id}),
    }
    assert sorted(waiting(settings)) == sorted(
        [
            (ben.id, "address", "ben+new@cadmus.example"),
            (ben.id, "line_manager", ruth.id),
            (ben.id, "deputy", helen.id),
            (ben.id, "administrator", "yes"),
            (ben.id, "seat", "yes"),
            (noor.id, "seat", "yes"),
            (helen.id, "seat", "no"),
        ]
    )
    assert {(row.batch, row.proposed_by) for row in rows(settings)} == {(1, ruth.id)}


def test_the_same_file_again_proposes_nothing_twice_and_needs_nobody_s_name(settings: Settings) -> None:
    set_up(settings)
    file = write(settings, OFFICE.replace("Owen Price,employee,hollybank,,,", "Owen Price,employee,hollybank,,dsl,"))
    first = run(file, *BY)
    assert first.stdout.splitlines()[-1] == f"0 changes applied, 1 waits for a second person: {PAGE}"
    before = [row.id for row in rows(settings)]
    again = run(file, "--organisation", "cadmus")
    assert (again.exit_code, again.stdout) == (0, first.stdout)
    assert [row.id for row in rows(settings)] == before
    other = write(
        settings, OFFICE.replace("Owen Price,employee,hollybank,,,", "Owen Price,employee,hollybank,,deputy_dsl,")
    )
    assert run(other, *BY).exit_code == 0
    [row] = rows(settings)
    assert (row.of, row.batch) == ("hollybank:deputy_dsl", 2)
    assert run(write(settings, OFFICE), "--organisation", "cadmus").stdout.splitlines()[-1] == "0 changes applied."
    assert waiting(settings) == []


CORRECTED = HEADER + BEN.format(leaves_on="").replace("ben@", "ben+new@")
WHY = "The payroll file had her old address"


@pytest.mark.parametrize(("why", "kept"), [(("--why", f" {WHY}\n"), WHY), ((), "")], ids=["a reason", "none"])
def test_the_reason_of_a_file_is_on_record_with_each_change_that_waits(
    settings: Settings, why: tuple[str, ...], kept: str
) -> None:
    ruth = set_up(settings)["ruth@cadmus.example"].id
    file = write(settings, OFFICE.replace("ben@", "ben+new@").replace(",headteacher,,", ",dsl,,"))
    assert run(file, *BY, *why).exit_code == 0
    assert {row.what for row in rows(settings)} == {"address", "seat"}
    assert {(row.why, row.proposed_by) for row in rows(settings)} == {(kept, ruth)}


def test_what_a_file_wanted_for_a_reason_waits_no_more_once_a_later_one_does_not_want_it(settings: Settings) -> None:
    set_up(settings)
    assert run(write(settings, CORRECTED), *BY, "--why", WHY).exit_code == 0
    assert len(rows(settings)) == 1
    assert run(write(settings, OFFICE), *BY).exit_code == 0
    assert rows(settings) == []


def test_whoever_is_named_as_the_first_person_is_told_of_a_file_with_a_reason_too(settings: Settings) -> None:
    ruth = set_up(settings)["ruth@cadmus.example"].id
    assert run(write(settings, CORRECTED), *BY, "--why", WHY).exit_code == 0
    telling = within(settings, lambda session: untold(session, now().date()))
    assert ruth in {mail.person for mail in telling.mails}


@pytest.mark.parametrize("why", [" ", "x" * 501, "so\x00on"], ids=["blank", "too long", "no text"])
def test_what_is_no_reason_is_refused_in_one_line(settings: Settings, why: str) -> None:
    set_up(settings)
    done = run(write(settings, CORRECTED), *BY, "--why", why)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "--why should be a reason of 500 characters or fewer; nothing was changed\n"
    assert rows(settings) == []


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ((), "2 changes need a second person: name with --by the administrator who is the first"),
        (("--by", "helen@cadmus.example"), "--by should be the address of an administrator"),
        (("--by", "nobody@cadmus.example"), "--by should be the address of an administrator"),
        (("--by", "gone@cadmus.example"), "--by should be the address of an administrator"),
    ],
    ids=["nobody", "no administrator", "unknown", "left"],
)
def test_without_an_administrator_who_proposes_it_nothing_of_a_file_with_changes_of_power_is_taken_in(
    settings: Settings, by: tuple[str, ...], said: str
) -> None:
    gone = "gone@cadmus.example,Gus Orr,employee,hollybank,,,,,2020-01-01,,,yes\n"
    file = write(settings, OFFICE + gone)
    assert run(file, "--organisation", "cadmus").exit_code == 0
    before = known(settings)
    file = write(settings, OFFICE.replace("Ben Carter", "Benjamin Carter").replace(",headteacher,,", ",dsl,,"))
    result = run(file, "--organisation", "cadmus", *by)
    assert (result.exit_code, result.stdout) == (2, "")
    [line] = result.stderr.splitlines()
    assert line.startswith(said)
    assert line.endswith("nothing was changed")
    assert (known(settings), waiting(settings)) == (before, [])


def test_what_waits_for_somebody_at_another_address_is_queued_to_be_mailed_there_once_it_is_confirmed(
    settings: Settings,
) -> None:
    before = set_up(settings)
    ben, at = before["ben@cadmus.example"].id, now()

    async def wait() -> None:
        db = Database(settings.database_url)
        await asked(db, "c-1", "a1", ben)
        await asked(db, "c-2", "a1", ben, closed_at=at)
        await db.close()

    async def queued(session: AsyncSession) -> list[tuple[str | None, str | None, str, str]]:
        left = await mails.left_behind(session, datetime(2200, 1, 1, tzinfo=UTC))
        rows = [await mails.queued(session, mail) for mail in left]
        return [(row.case, row.ask, row.person, row.template) for row in rows if row is not None]

    asyncio.run(wait())
    assert run(write(settings, HEADER + BEN.format(leaves_on="").replace("ben@", "ben+new@")), *BY).exit_code == 0
    assert within(settings, queued) == []
    assert len(confirm(settings, before["owen@cadmus.example"].id, at)) == 1
    assert within(settings, queued) == [("c-1", "a1", ben, "ask")]
    assert "ben+new@cadmus.example" in known(settings)


def test_an_address_that_was_corrected_does_not_come_back_as_somebody_new(settings: Settings) -> None:
    before = set_up(settings)
    ben, at = before["ben@cadmus.example"], now()

    async def correct(session: AsyncSession) -> None:
        change = PowerChange(person=ben.id, what=What.ADDRESS, before=ben.email, after="b.carter@cadmus.example")
        organisation = packs.load(Path(packs.__file__).parent / "cadmus").organisation
        ruth = before["ruth@cadmus.example"].id
        await power.propose(session, organisation, [change], by=ruth, at=at, why="a slip")

    within(settings, correct)
    confirm(settings, before["owen@cadmus.example"].id, at)
    file = write(
        settings, OFFICE.replace("Owen Price,employee,hollybank,", "Owen Price,employee,hollybank,ben@cadmus.example")
    )
    for _ in range(2):
        result = run(file, *BY)
        assert result.stdout.splitlines()[-1] == f"0 changes applied, 2 wait for a second person: {PAGE}"
    assert ben.email not in known(settings)
    assert sorted(what for _, what, _ in waiting(settings)) == ["arrival", "line_manager"]


def test_a_directory_with_fewer_than_two_administrators_is_told_that_there_should_be_two(settings: Settings) -> None:
    first = run(write(settings, HEADER + HELEN + RUTH), "--organisation", "cadmus")
    assert first.exit_code == 0
    assert "There should be two administrators" in first.stderr
    made = run(write(settings, HEADER + OWEN), *BY)
    assert "There should be two administrators" in made.stderr
    people_ = known(settings)
    assert not people_["owen@cadmus.example"].administrator
    confirm(settings, people_["helen@cadmus.example"].id, now())
    assert known(settings)["owen@cadmus.example"].administrator
    assert run(write(settings, HEADER + OWEN), "--organisation", "cadmus").stderr == ""


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
