"""A small year, played for real once, and looked at from several sides."""

import asyncio
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

import packs
from domain.calendar import local_day
from domain.cases import Standing
from domain.events import AskOpened, SiteApproved, SiteRegistered
from domain.round_entries import DocumentSigned, SiteWentLive, VersionAdopted
from duly.rehearsing import works
from starter.rehearsal import found as come
from starter.rehearsal.found import Found
from starter.rehearsal.pages import Came, figures, first_of_all, write
from starter.rehearsal.playing import Played, Rehearsed, play, today
from starter.rehearsal.scenario import Absences, Cases, Habits, Mail, Outage, Role, Scenario
from starter.rehearsal.watching import Seen
from starter.rehearsal.year import Year
from tests.packs.trying import ROOT

CADMUS, SOCIETAS = ROOT / "cadmus", ROOT / "societas"
SHORT = Scenario(
    seed=4,
    days=12,
    staff=18,
    cases=Cases(requests=3, withdrawn=0, allegations=1, disciplinary=0, signing=False),
    absences=Absences(away=1, leaving=1),
    mail=Mail(scanned=0.3, outages=(Outage(day=2, hours=10),)),
)
"""What is played twice."""

SILENT = ("lena.hoffmann", "marcus.adeyemi", "beth.sanderson")
"""A line manager of one school, and all who stand in for them there."""

YEAR = Scenario(
    seed=3,
    days=45,
    staff=24,
    cases=Cases(requests=6, withdrawn=0, allegations=1, disciplinary=0),
    habits=Habits(slow=0.2),
    absences=Absences(away=2, leaving=1),
    mail=Mail(scanned=0.3, outages=(Outage(day=9, hours=72),)),
    people=tuple(Role(email=f"{name}@cadmus.example", habit="silent") for name in SILENT),
)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Play the year, in a folder of which nothing may be left."""
    del tmp_path_factory
    (played,) = asyncio.run(play([Rehearsed(packs.load(CADMUS), CADMUS)], YEAR, today(), works))
    return played


@pytest.fixture(scope="module")
def found(played: Played) -> Found:
    """Return what came of it."""
    names = {one.id: one.name for one in played.cast.directory.people}
    return come.found(played.pack, played.year, played.cast.habits, names)


@pytest.fixture(scope="module")
def report(played: Played, found: Found, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of its report."""
    folder = tmp_path_factory.mktemp("report")
    write(folder, [Came(played, found)])
    return folder


def test_a_year_is_lived_from_a_review_to_everybodys_signature(played: Played) -> None:
    """A review that is due begins by itself, is drafted and approved, and everybody is asked to sign."""
    what = [event for seen in played.year.cases.values() for event in seen.what]
    assert any(isinstance(event, VersionAdopted) for event in what)
    assert sum(isinstance(event, DocumentSigned) for event in what) > len(played.cast.directory.people) / 2


def test_a_site_is_approved_and_lives(played: Played) -> None:
    """A request whose people answer is approved, enters the register and goes live."""
    what = [event for seen in played.year.cases.values() for event in seen.what]
    assert any(isinstance(event, SiteApproved) for event in what)
    assert any(isinstance(event, SiteRegistered) for event in what)
    assert any(isinstance(event, SiteWentLive) for event in what)


def test_everything_falls_within_the_year(played: Played) -> None:
    """The one clock is the cases' and the mails'."""
    ends = played.begins + timedelta(days=YEAR.days, minutes=1)
    assert all(played.begins <= one.at <= ends for seen in played.year.cases.values() for one in seen.events)
    assert [mail.at for mail in played.mails] == sorted(mail.at for mail in played.mails)
    assert played.begins <= played.mails[0].at
    assert played.mails[-1].at <= ends
    assert (played.mails[-1].at - played.mails[0].at).days > YEAR.days / 2


def test_whoever_is_asked_is_mailed(played: Played) -> None:
    """Every ask is in the mailbox of somebody whom it reached, or in a digest of theirs."""
    addresses = {one.id: one.email for one in played.cast.directory.people}
    mailed = {mail.to for mail in played.mails}
    asked = {
        addresses[one.person]
        for seen in played.year.cases.values()
        for event in seen.what
        if isinstance(event, AskOpened)
        for one in event.asked or ()
    }
    assert asked
    assert asked <= mailed


def test_no_mail_goes_out_while_its_server_is_out_and_all_go_after(played: Played) -> None:
    """What waited went late, and the calendar says so."""
    said = {one.what: one.at for one in played.year.happened if "mail server" in one.what}
    out, back = sorted(said.values())
    assert not [mail for mail in played.mails if out <= mail.at < back]
    assert any(mail.at == back for mail in played.mails)
    assert any(re.fullmatch(r"The mail server takes mail again: \d+ mails? went late", words) for words in said)


def test_a_scanner_changes_nothing(played: Played) -> None:
    """Every link of many mails was opened before anybody read them, and nothing was written for it."""
    assert played.year.opened > 10
    assert not played.year.changed


def test_a_stalled_case_is_reported_with_its_reason(found: Found) -> None:
    """Where nobody who is asked ever answers, it is said for whom it waits, since when, and what was tried."""
    reasons = [why for case in found.stalled for why in case.stalled]
    assert reasons
    assert any("Lena Hoffmann (never answers)" in why and "reminders" in why for why in reasons), reasons
    assert all("It was taken to those who stand in." in why for why in reasons if "“Line manager”" in why)
    assert not found.fine


def test_every_order_rule_was_asked_and_none_is_broken(played: Played, found: Found) -> None:
    """The rules of every process are counted, by what is on record."""
    assert len(found.rules) == sum(len(process.rules) for process in played.pack.processes)
    assert not found.broken
    assert any(rule.asked for rule in found.rules)


def test_every_clause_is_gone_by_or_not_or_cited_by_no_process(played: Played, found: Found) -> None:
    """Each clause of the pack is in one of three lists."""
    parts = (found.exercised, found.untouched, found.elsewhere)
    assert sorted(one.id for part in parts for one in part) == sorted(one.id for one in played.pack.clauses)
    assert all(parts)


def test_what_nobody_can_do_is_reported_with_the_seat(played: Played, found: Found) -> None:
    """An ask that reaches nobody is a step that nobody can do, and its case has stalled."""
    case, seen = next((case, seen) for case, seen in played.year.cases.items() if seen.standing.asks)
    ask = seen.standing.asks[0]
    opened = [one for one in seen.events if isinstance(one.event, AskOpened) and one.event.ask == ask.ask]
    nobody = [one.model_copy(update={"event": one.event.model_copy(update={"asked": ()})}) for one in opened]
    late = Standing(asks=(ask.model_copy(update={"due": played.begins}),))
    empty = Seen(seen.opening, seen.began, nobody, {}, late)
    year = Year({case: empty}, {case: "one"}, played.year.ends)
    again = come.found(played.pack, year, {}, {})
    assert [one.case.id for one in again.unable] == [case]
    assert "nobody who may do it holds the seat" in again.unable[0].why
    assert "can be done by nobody" in again.stalled[0].stalled[0]
    assert found.fine is False


def test_the_report_is_whole(report: Path, played: Played, found: Found) -> None:
    """Every mail and every case has a page, and every link within the report leads somewhere."""
    assert len(list((report / "mails").glob("*.html"))) == len(played.mails)
    assert len(list((report / "cases").glob("*.html"))) == len(found.cases)
    for page in report.rglob("*.html"):
        links = _of(page, "a", "href") + _of(page, "link", "href")
        inside = [link.partition("#")[0] for link in links if not link.startswith("#")]
        assert not [link for link in inside if not (page.parent / link).is_file()], page
        assert not _of(page, "script", "src")
        assert "<script" not in page.read_text("utf-8")


def test_the_report_begins_with_what_is_wrong(report: Path, found: Found) -> None:
    """What to look at first comes before the figures."""
    text = (report / "index.html").read_text("utf-8")
    wrong = first_of_all(found)
    assert wrong
    assert all(text.index(words) < text.index("The figures") for _, words in wrong)


def test_a_case_tells_its_story_and_why_it_stalled(report: Path, found: Found) -> None:
    """The page of a case has a sentence for each event."""
    case = found.stalled[0]
    text = (report / "cases" / f"{case.number}.html").read_text("utf-8")
    assert "It stalled." in text
    assert text.count("<li class") == len(case.told)


def test_the_same_seed_gives_the_same_year() -> None:
    """Played again, everything falls in the same cases at the same time, and the same mails go out."""
    pack, day = packs.load(SOCIETAS), today()
    (one,), (again,) = (asyncio.run(play([Rehearsed(pack, SOCIETAS)], SHORT, day, works)) for _ in range(2))
    assert len(_lived(one)) > 3
    assert _lived(again) == _lived(one)
    mails = [[(mail.at, mail.to, mail.subject) for mail in each.mails] for each in (one, again)]
    assert mails[0] == mails[1]


def test_no_mail_is_a_way_into_anything(report: Path) -> None:
    """The links of mails are shown as they were, and lead nowhere from the report."""
    assert not [
        page for page in report.rglob("*.html") if any(link.startswith("http") for link in _of(page, "a", "href"))
    ]


def test_the_figures_are_those_of_the_year(played: Played, found: Found) -> None:
    """What the terminal prints is what was counted."""
    said = dict(figures(Came(played, found)))
    assert said["People"] == "24"
    assert said["Mails"] == str(len(played.mails))
    assert said["Cases"].startswith(f"{len(played.year.cases)}, of which ")
    assert said["Links that a scanner opened"] == f"{played.year.opened}, which changed nothing"


def test_whoever_is_away_or_has_left_does_nothing(played: Played) -> None:
    """Nobody acts on a day on which they are not there."""
    people = played.cast.directory
    acted = [
        (person, local_day(one.at))
        for seen in played.year.cases.values()
        for one in seen.events
        if (person := people.person(str(getattr(one.event, "by", "")))) is not None
    ]
    assert acted
    assert all(person.is_active(day) and not person.is_absent(day) for person, day in acted)


def _lived(played: Played) -> dict[str, list[tuple[int, str, str, str]]]:
    """Return what happened in each case, by its name, to five minutes."""
    return {
        played.year.names[case]: [
            (
                round(one.at.timestamp() / 300),
                one.event.kind,
                str(getattr(one.event, "by", "")),
                str(getattr(one.event, "ask", "")),
            )
            for one in seen.events
        ]
        for case, seen in played.year.cases.items()
    }


def _of(page: Path, tag: str, attribute: str) -> list[str]:
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(value or "" for key, value in attrs if (name, key) == (tag, attribute))

    Reader().feed(page.read_text("utf-8"))
    return found
