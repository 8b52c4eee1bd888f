"""One year of several packs at once: each has its share, and a part of the report."""

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import packs
from domain.events import CaseEnded
from duly.launch import command
from duly.rehearsing import works
from starter.rehearsal import found as come
from starter.rehearsal.agenda import Agenda
from starter.rehearsal.pages import Came, totals, write
from starter.rehearsal.playing import Played, Rehearsed, play, today
from starter.rehearsal.scenario import Absences, Cases, Mail, Outage, Role, Scenario, dealt
from starter.web.site import STATIC
from tests.packs.trying import ROOT

TWO = ("redhill", "mtoat")
YEAR = Scenario(
    seed=5,
    days=30,
    staff=30,
    cases=Cases(requests=2, withdrawn=0, allegations=2, disciplinary=0, signing=False),
    absences=Absences(away=2, leaving=0),
    mail=Mail(scanned=0.1, outages=(Outage(day=5, hours=10),)),
)


@pytest.fixture(scope="module")
def played() -> tuple[Played, ...]:
    """Play the year of two packs on one Temporal."""
    rehearsed = [Rehearsed(packs.load(ROOT / name), ROOT / name) for name in TWO]
    return asyncio.run(play(rehearsed, YEAR, today(), works))


@pytest.fixture(scope="module")
def came(played: tuple[Played, ...]) -> list[Came]:
    """Return what came of it under each pack."""
    return [
        Came(
            one,
            come.found(one.pack, one.year, one.cast.habits, {who.id: who.name for who in one.cast.directory.people}),
        )
        for one in played
    ]


def test_each_pack_lives_its_own_year_among_its_own_people(played: tuple[Played, ...]) -> None:
    """No case, person or mail is of two packs, and everything that was to begin began."""
    assert [one.pack.key for one in played] == list(TWO)
    for one in played:
        organisation = one.pack.organisation.key
        assert one.year.cases
        assert {seen.opening.organisation for seen in one.year.cases.values()} == {organisation}
        assert {person.organisation for person in one.cast.directory.people} == {organisation}
        assert {mail.to for mail in one.mails} <= {person.email for person in one.cast.directory.people}
        stories = [seen.opening.process.story for seen in one.year.cases.values()]
        assert stories.count("allegation") == 1
        assert stories.count("site_creation") == one.scenario.cases.requests
        assert {"review", "signature"} & set(stories)
        assert any("mail server" in told.what for told in one.year.happened)
    ids = [person.id for one in played for person in one.cast.directory.people]
    assert len(ids) == len(set(ids)) >= YEAR.staff
    assert sum(one.scenario.cases.requests for one in played) == YEAR.cases.requests


def test_the_report_has_a_part_for_each_pack_and_every_link_leads_somewhere(came: list[Came], tmp_path: Path) -> None:
    """The look lies there once; the first page has the figures of all."""
    write(tmp_path, came)
    assert {one.name for one in tmp_path.iterdir()} == {"index.html", "look", *TWO}
    for page in tmp_path.rglob("*.html"):
        for quote in page.read_text("utf-8").split('href="')[1:]:
            address = quote.partition('"')[0].partition("#")[0]
            assert not address or (page.parent / address).is_file(), (page, address)
    first = (tmp_path / "index.html").read_text("utf-8")
    assert all(one.name.replace("'", "&#39;") in first for one in came)
    assert all(figure in first for _, figure in totals(came))
    assert (tmp_path / "look" / "duly.css").read_bytes() == (STATIC / "duly.css").read_bytes()


def test_what_ended_is_counted_over_all_packs(came: list[Came], played: tuple[Played, ...]) -> None:
    """The figures of all packs are those of each, put together."""
    ended = sum(
        isinstance(event, CaseEnded) for one in played for seen in one.year.cases.values() for event in seen.what
    )
    assert ended
    assert dict(totals(came))["Mails"] == str(sum(len(one.mails) for one in played))
    assert dict(totals(came))["Cases"].startswith(f"{sum(len(one.found.cases) for one in came)}, of which ")


SITES, REPORTS = frozenset({"site_creation", "allegation"}), frozenset({"allegation", "disciplinary"})


def test_what_is_wanted_is_dealt_to_those_who_have_it_and_none_has_nothing_of_something() -> None:
    """All shares together are the whole, but where there is less than one for each."""
    whole = Scenario(
        staff=60,
        cases=Cases(requests=7, withdrawn=1, allegations=2, disciplinary=0),
        absences=Absences(away=4, leaving=2),
        people=(Role(email="A@two.example", habit="slow"),),
    )
    shares = dealt(whole, [SITES, REPORTS, SITES], [frozenset(), frozenset({"a@two.example"}), frozenset()])
    assert [one.cases.requests for one in shares] == [4, 0, 3]
    assert [one.cases.withdrawn for one in shares] == [1, 0, 1]
    assert [one.cases.allegations for one in shares] == [1, 1, 1]
    assert [one.cases.disciplinary for one in shares] == [0, 0, 0]
    assert [one.staff for one in shares] == [20, 20, 20]
    assert [(one.absences.away, one.absences.leaving) for one in shares] == [(2, 1), (1, 1), (1, 1)]
    assert [len(one.people) for one in shares] == [0, 1, 0]
    (alone,) = dealt(whole, [SITES | REPORTS], [frozenset({"a@two.example"})])
    assert alone == whole


def test_two_packs_of_one_organisation_are_wrong_use(tmp_path: Path) -> None:
    """Whose request would be whose? It is said before anything is played."""
    twin = tmp_path / "twin"
    shutil.copytree(ROOT / "redhill", twin)
    said = CliRunner().invoke(command(), ["rehearse", str(ROOT / "redhill"), str(twin), "--out", str(tmp_path / "out")])
    assert said.exit_code == 2
    assert "the same organisation" in said.output
    assert not (tmp_path / "out").exists()


def test_a_look_that_many_ask_for_is_one_look() -> None:
    """Deeds of one row come in their order, and each once."""

    async def nothing() -> None:
        """Do nothing."""

    agenda, at = Agenda(nothing), datetime(2026, 11, 23, 6, tzinfo=UTC)
    for _ in range(3):
        agenda.look(at)
    agenda.later(at, "a case", nothing)
    assert {row: len(deeds) for row, deeds in agenda.due(at).items()} == {"looks": 1, "a case": 1}
    assert agenda.next_at is None
    agenda.look(at)
    assert agenda.next_at == at
