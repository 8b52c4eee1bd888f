"""Whoever a confidential case is about sees the same as if there were none: byte for byte, wherever they look.

The two worlds have the same clock, and chance falls the same in them, so that nothing has to be overlooked.
"""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import text

from domain.allegations import Reporter
from domain.cases import Act
from domain.report_people import Reported
from domain.reporting import Happened, Report
from starter.web import acting, deciding, editing
from store import confidential, people
from store.confidential import Confidential
from tests.leaks import school
from tests.leaks.looking import NOT_THERE, Looker, Seen, addresses
from tests.leaks.world import Drawn, World, world
from tests.packs.confidential import an_entry

THEIRS = "XJ4W-9RKC"
"""The reference of the case that is about somebody, in the world in which there is one."""

FORM = "form-1"
"""The form of the one request for a site, which is in both worlds."""

OTHERS = {"line manager": (school.AUTHOR, school.IT_ADMINISTRATOR)}
"""Who else may not know of the case about somebody, and looks."""

ALL = ("investigate", "tell_subject", "open_disciplinary")

SOAK = os.environ.get("DULY_TEST_PROFILE") == "soak"
"""Whether everything is looked at at every moment, also what cannot be another than before."""

WHO_LOOKS = 2
"""So many statements say who is signed in: a page that asks the record no more does not change with it."""


class Looked(NamedTuple):
    """All that somebody saw in a world: each answer by when and where; and the mails to them."""

    seen: dict[tuple[str, str], Seen]
    mails: list[tuple[object, ...]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no page wait for a record that does not come."""
    for waiting in (acting, deciding, editing):
        monkeypatch.setattr(waiting, "_PATIENCE", 0.0)


@pytest.mark.meets("ALLEG-11")
@pytest.mark.parametrize("about", school.SUBJECTS)
async def test_whoever_it_is_about_sees_no_difference(
    about: str, drawn: Drawn, migrated_file: Path, tmp_path: Path
) -> None:
    there = await looked(about, drawn, migrated_file, tmp_path / "there", there_is_one=True)
    not_there = await looked(about, drawn, migrated_file, tmp_path / "not_there", there_is_one=False)
    assert there.seen.keys() == not_there.seen.keys()
    assert [place for place, one in there.seen.items() if one[:3] != not_there.seen[place][:3]] == []
    assert there.mails == not_there.mails
    # Nor does it take longer: the database is asked the same.
    assert [place for place, one in there.seen.items() if one.statements != not_there.seen[place].statements] == []


@pytest.mark.parametrize("about", school.SUBJECTS)
async def test_a_case_that_is_not_yours_takes_as_long_as_one_that_is_not_there(
    about: str, drawn: Drawn, migrated_file: Path, tmp_path: Path
) -> None:
    async with a_world(drawn, migrated_file, tmp_path / "there") as here:
        await here.reported(a_report(about), THEIRS)
        for email in (school.SUBJECTS[about].email, *OTHERS.get(about, ())):
            looker = Looker(await here.browser(email, strong=True), here.site.db)
            theirs = [await looker.get(one) for one in addresses((THEIRS,), ()) if THEIRS in one]
            not_there = [await looker.get(one) for one in addresses((NOT_THERE,), ()) if NOT_THERE in one]
            theirs += [await one(looker, THEIRS) for one in GUESSES]
            not_there += [await one(looker, NOT_THERE) for one in GUESSES]
            assert [as_one(one) for one in theirs] == [as_one(one) for one in not_there]
            # A program is told so because there is no such case for it, and not for want of a token.
            assert (await looker.get(f"/api/v1/cases/{THEIRS}")).status == 404


async def test_whoever_may_see_it_does_see_a_difference(drawn: Drawn, migrated_file: Path, tmp_path: Path) -> None:
    async with a_world(drawn, migrated_file, tmp_path / "there") as here:
        head = Looker(await here.browser(school.HEAD, strong=True), here.site.db)
        before = await brief(head)
        await here.reported(a_report("line manager"), THEIRS)
        after = await brief(head)
        assert before["/tasks"].body != after["/tasks"].body
        assert THEIRS.encode() in after["/tasks"].body
        assert (await head.get(f"/c/{THEIRS}")).status == 200
        assert (await head.get(f"/c/{NOT_THERE}")).status == 404
        # But no program does, not even of somebody who may: a token never opens what is confidential.
        there, not_there = [await head.get(f"/api/v1/cases/{one}") for one in (THEIRS, NOT_THERE)]
        assert (there.status, there.body) == (404, not_there.body)
        await here.running.pass_time(timedelta(days=6))
        administrator = Looker(await here.browser(school.ADMINISTRATOR), here.site.db)
        assert b"needs attention" in (await administrator.get("/admin")).body


async def looked(about: str, drawn: Drawn, migrated: Path, folder: Path, *, there_is_one: bool) -> Looked:
    """Return all that somebody sees in a world, in which a case about them runs its course or there is none."""
    found: dict[tuple[str, str], Seen] = {}
    unchanging: set[str] = set()
    email = school.SUBJECTS[about].email
    async with a_world(drawn, migrated, folder) as here:

        async def look(when: str, how: Callable[[Looker], Awaitable[dict[str, Seen]]], *, strong: bool) -> None:
            looker = Looker(await here.browser(email, strong=strong), here.site.db, known=unchanging)
            when, seen = f"{when}, {'confirmed' if strong else 'signed in'}", await how(looker)
            found.update({(when, place): one for place, one in seen.items()})
            if strong and not SOAK:
                unchanging.update(place for place, one in seen.items() if len(one.statements) <= WHO_LOOKS)

        if there_is_one:
            await here.reported(a_report(about), THEIRS)
        await look("reported", brief, strong=True)
        await here.running.pass_time(timedelta(days=6))
        here.running.stuck = True
        await look("neglected", whole if SOAK else guesses, strong=False)
        await look("neglected", whole, strong=True)
        if there_is_one:
            await seen_to(here)
        await look("seen to", brief, strong=True)
        await look("afterwards", another_request, strong=False)
        async with here.site.db.read() as session:
            person = school.person(email).id
            mails = await session.execute(
                text("SELECT * FROM mail WHERE person = :person ORDER BY id"), {"person": person}
            )
            return Looked(found, [tuple(row) for row in mails])


@asynccontextmanager
async def a_world(drawn: Drawn, migrated: Path, folder: Path) -> AsyncIterator[World]:
    """Yield a world in which there is a request for a site."""
    folder.mkdir()
    drawn.again()
    shutil.copy(migrated, folder / "duly.sqlite3")
    async with world(folder) as here:
        await here.running.begin(school.ordinary(FORM, here.running.now))
        yield here


def a_report(about: str) -> Report:
    """Return a report about somebody, without a name."""
    who = school.SUBJECTS[about]
    return Report(
        people=(Reported(name=who.email, category=who.category),),
        events=(Happened(about=(0,), topic="other", what="Something."),),
        reporter=Reporter(mode="anonymous"),
        involved=who.involved,
        at_risk="yes",
    )


# How somebody looks.


async def brief(looker: Looker) -> dict[str, Seen]:
    """Look at every list, and wherever they lead."""
    return await looker.everything([one for one in addresses((THEIRS,), ("nothing",)) if one.count("/") < 3])


async def whole(looker: Looker) -> dict[str, Seen]:
    """Look at everything there is and everything there would be, wherever it leads, and guess."""
    ordinary = school.ordinary(FORM, school.BEGINS).reference
    searches = [
        f"/admin/{query}"
        for query in (
            *(f"cases?reference={THEIRS}", f"cases?reference={THEIRS.lower()}", f"cases.csv?reference={THEIRS}"),
            *("cases?state=open", "cases?process=allegation", "cases?sort=title", "cases.csv?state=vacant"),
            *("cases?seat=case_manager", "cases?overdue=yes&sort=due", "cases?person=Margaret+Dunne&words=a"),
        )
    ]
    found = await looker.everything([*addresses((ordinary, THEIRS), ("nothing",)), *searches])
    return found | await guessed(looker)


async def guesses(looker: Looker) -> dict[str, Seen]:
    """Look at every page that asks who is signed in, as if there were the case, and guess."""
    places = addresses((THEIRS,), ("nothing",), ("signed_in", "administrator"))
    return {place: await looker.get(place) for place in places} | await guessed(looker)


async def guessed(looker: Looker) -> dict[str, Seen]:
    """Send what could be sent."""
    return {f"guess {n}": await guess(looker, THEIRS) for n, guess in enumerate(GUESSES)}


async def another_request(looker: Looker) -> dict[str, Seen]:
    """Begin another request for a site, and look at all that is shown of it."""
    begun = await looker.post("/start/site_creation")
    draft = dict(begun.headers).get("location", "/")
    return {"begun": begun} | await looker.everything([draft, f"{draft}/check", f"{draft}/site"])


Guess = Callable[[Looker, str], Awaitable[Seen]]


def _guess(address: str, **fields: str) -> Guess:
    async def guess(looker: Looker, reference: str) -> Seen:
        filled = {name: value.replace("{}", reference) for name, value in fields.items()}
        return await looker.post(address.replace("{}", reference), **filled)

    return guess


def _call(address: str, **sent: object) -> Guess:
    async def guess(looker: Looker, reference: str) -> Seen:
        return await looker.send(address.replace("{}", reference), sent)

    return guess


GUESSES: tuple[Guess, ...] = (
    _guess("/c/open", stage="propose", reference="{}", reason="It cannot wait."),
    _guess("/c/open", stage="confirm", reference="{}", proposal="0" * 32),
    _guess("/c/{}/record/message_written", stage="confirm", occasion="A" * 22, text="Who said so?"),
    _guess("/c/{}/record/people_recused", stage="review", occasion="A" * 22, people="Margaret Dunne"),
    _guess("/c/{}/step-aside", stage="confirm", comment="It is about me."),
    _guess("/kept/hold", reference="{}", reason="A court may want it."),
    _guess("/kept/{}/erase", stage="propose"),
    _guess("/kept/{}/erase", stage="agree"),
    _guess("/cases/{}/nudge"),
    _guess("/cases/{}/withdraw", stage="confirm"),
    _guess("/cases/{}/cancel", comment="Enough."),
    _guess("/cases/{}/edit"),
    _guess("/cases/{}/asks/a1/reassign", to="Margaret Dunne", comment="Please."),
    _guess("/tasks/{}/a1", decision="approve", stage="review", comment=""),
    _guess("/tasks/{}/a1/step-aside", stage="review", comment="It is about me."),
    _guess("/report/receipt", code="{}"),
    _call("/api/v1/cases/{}/asks/a1/review"),
    _call("/api/v1/cases/{}/asks/a1/answer", version=1, verdict="approve", signature="Margaret Dunne"),
)
"""What somebody sends who guesses that there is a case, and knows its reference."""


def as_one(one: Seen) -> tuple[object, ...]:
    """Return what there is of an answer, but for the number of its request and for what the reader typed themself."""
    headers = [pair for pair in one.headers if pair[0] not in {"x-request-id", "content-length", "location"}]
    location = dict(one.headers).get("location", "")
    body = one.body.replace(NOT_THERE.encode(), THEIRS.encode())
    return one.status, headers, location.replace(NOT_THERE, THEIRS), body, one.statements


# What happens in the case meanwhile.


async def seen_to(here: World) -> None:
    """Have the case refused something, referred, advised, closed, and opened in an emergency."""
    numbers = count(1)

    async def record(kind: str, *allegations: str, **more: object) -> None:
        case = await read(here)
        (ask, *_) = case.standing.asks
        entry = an_entry(kind, *allegations, **more)
        person = case.asked[ask.ask][0].person
        act = Act(kind="record", person=person, how="session", entry=entry, occasion=f"test {next(numbers)}")
        replies[kind] = (await here.running.act(case.row.id, act)).says

    replies: dict[str, str] = {}
    await record("investigation_started", "a1")
    await in_an_emergency(here)
    await record("lado_referral_made", "a1")
    await record("lado_advice_recorded", "a1", permits=ALL)
    await record("subject_told", "a1")
    await record("support_offered")
    await record("disciplinary_opened", "a1")
    await record("outcome_recorded", "a1")
    await record("dbs_considered", "a1")
    case = await read(here)
    if case.standing.outcome is None:
        await record("tra_considered", "a1")
    assert replies.pop("investigation_started") == "refused"
    assert set(replies.values()) == {"done"}
    case = await read(here)
    assert case.standing.outcome == "closed"
    assert len(case.opened) == 1


async def in_an_emergency(here: World) -> None:
    """Have two custodians open the case for an hour, where two may."""
    async with here.site.db.write() as session:
        case, at = await _read(here, session), here.running.now
        directory = await people.directory(session, school.KEY)
        custodians = [school.person(one).id for one in (school.CHAIR, school.VICE_CHAIR, school.ADMINISTRATOR)]
        first, second, *_ = [one for one in custodians if one not in case.standing.recused]
        keys = here.site.keys
        proposed = await confidential.propose_opening(session, keys, case, directory, first, "It cannot wait.", at)
        assert proposed is not None
        opened = await confidential.open_in_emergency(session, keys, case, directory, proposed, second, at)
        assert opened is not None


async def read(here: World) -> Confidential:
    """Return the case as it is on record."""
    async with here.site.db.read() as session:
        return await _read(here, session)


async def _read(here: World, session: object) -> Confidential:
    found = await confidential.by_reference(session, here.site.keys, THEIRS)  # type: ignore[arg-type]
    assert found is not None
    return found
