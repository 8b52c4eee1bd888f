"""Whatever people do, in whatever order, while time passes and people come and go: what has to hold, holds."""

import base64
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from itertools import count
from typing import Any, Final

import pytest
from httpx2 import ASGITransport, AsyncClient
from hypothesis import given, note, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col

from domain.cases import Act, ActKind, Opening, Standing
from domain.chain import Link, first_broken
from domain.events import (
    AnyEvent,
    Approved,
    AskClosed,
    AskMoved,
    AskOpened,
    DecisionDisputed,
    Escalated,
    Extended,
    HoldReleased,
    Rejected,
    RequestEdited,
    Returned,
    Verdict,
)
from domain.order import first_violation
from domain.pack import DifferentPeople, EventMatch
from domain.people import Asked, Directory, Person
from settings import Settings
from starter.web import create_app
from starter.web.site import Site
from store import audit, people, queries
from store.tables import EventRow, LinkRow
from tests.builders import ORGANISATION
from tests.house import BASE_URL, Begun, House
from tests.stories import (
    IN_ORDER,
    a_changes,
    a_directory,
    a_lever,
    a_pack,
    a_person,
    a_process,
    an_answer,
    an_edit,
    an_opening,
)

EXAMPLES: Final = max(settings().max_examples // 5, 10)
STEPS: Final = 14
LONG_AGO, AWAY = date(2020, 1, 1), {"name": "away", "first": date(2020, 1, 1), "last": date(2044, 1, 1)}
TWO_PEOPLE = DifferentPeople(
    rule="different_people",
    key="two-people",
    first=EventMatch(event=("approved",), step="line_manager"),
    then=EventMatch(event=("approved",), step="headteacher"),
    clause="16.6",
)
SCHOOL: Final = a_directory(a_person("other"), a_person("helper"), a_person("admin", administrator=True))
EVERYBODY: Final = tuple(person.id for person in SCHOOL.people)
KEYS: Final = f"k1:{base64.b64encode(b'k' * 32).decode()}"
LINK: Final = re.compile(rf"{re.escape(BASE_URL)}/d/([\w-]+)")
_numbers = count(1)

Decision = Approved | Returned | Rejected


def a_new_opening(starter: str, settles_within: int) -> Opening:
    """Return the opening of a case of its own, whose answers to two questions are immaterial."""
    process = a_process(changes=a_changes(), settles_within=settles_within, rules=(*IN_ORDER, TWO_PEOPLE))
    opening = an_opening(process, f"everything-{next(_numbers)}", starter=starter)
    return opening.model_copy(update={"immaterial": ("note", "closure_date")})


class Told:
    """What a sequence of events comes to, found without the case: who was asked what, and who decided."""

    def __init__(self, opening: Opening, events: list[AnyEvent]) -> None:
        """Go through `events`, and check at each decision that whoever gave it could."""
        self.request = opening.request
        self.own = {opening.request.author, opening.request.starter}
        self.asked: dict[str, tuple[Asked, ...]] = {}
        self.opened: dict[str, AskOpened] = {}
        self.due = {event.ask: event.due for event in events if isinstance(event, AskOpened | Extended)}
        self.closed: dict[str, str] = {}
        self.disputed: set[str] = set()
        self.stepped_aside: set[str] = set()
        for event in events:
            self._take(event)

    def _take(self, event: AnyEvent) -> None:
        if isinstance(event, AskOpened):
            self.opened[event.ask] = event
        if isinstance(event, AskOpened | AskMoved | Escalated):
            assert event.asked is not None
            self.asked[event.ask] = event.asked
        if isinstance(event, AskMoved) and event.why == "stepped_aside":
            self.stepped_aside.add(event.by or "")
        if isinstance(event, Decision):
            self._decided(event)
        if isinstance(event, AskClosed):
            assert event.ask not in self.closed
            self.closed[event.ask] = event.why
        if isinstance(event, RequestEdited):
            update = {name: getattr(event, name) for name in ("title", "author", "version", "edition", "answers")}
            self.request = self.request.model_copy(update=update)
            self.own.add(event.author)
        if isinstance(event, DecisionDisputed):
            self.disputed.add(event.ask)
        if isinstance(event, HoldReleased):
            self.disputed.remove(event.ask)

    def _decided(self, event: Decision) -> None:
        assert event.ask not in self.closed, "decided once"
        assert not self.disputed, "nothing is decided while the case is held"
        reached = {one.person: one for one in self.asked[event.ask]}
        assert event.by in reached, "only who was asked at that moment decides"
        assert (event.seat, event.instead_of) == (reached[event.by].seat, reached[event.by].instead_of)
        assert event.by not in self.own | self.stepped_aside, "nobody decides what is or ever was their own"
        assert event.version == self.request.version
        self.closed[event.ask] = event.kind


class Driver:
    """One case, and all that can be done to it."""

    def __init__(self, case: Begun, data: st.DataObject, browser: AsyncClient, mails_before: int) -> None:
        """Drive `case` by what `data` says; its mails came after so many others, and links open in `browser`."""
        self.case = case
        self.data = data
        self.browser = browser
        self.mails_before = mails_before
        self.told = Told(case.opening, [])
        self.standing = Standing()
        self.done = 0

    def one_of(self, *choices: str) -> str:
        """Return one of `choices`."""
        return self.data.draw(st.sampled_from(choices))

    async def act(self, act: Act) -> None:
        """Have the case take `act`."""
        reply = await self.case.house.engine.act(
            self.case.opening.case, act.model_copy(update={"occasion": str(self.done)})
        )
        note(f"{act.kind} {act.person} {act.ask} {act.verdict} -> {reply.says}")

    # What people do.

    async def approves(self) -> None:
        """Have somebody who is asked approve, or do nothing where nobody is."""
        for ask in self.standing.asks:
            if reached := self.told.asked[ask.ask]:
                who = self.data.draw(st.sampled_from(reached)).person
                await self.act(an_answer(ask.ask, who, version=self.told.request.version))
                return

    async def answers(self) -> None:
        """Have anybody answer anything, as an old link or another's browser would."""
        ask = self.one_of(*self.told.opened, "a99")
        verdict = self.data.draw(st.sampled_from(Verdict))
        version = self.data.draw(st.integers(1, self.told.request.version))
        await self.act(an_answer(ask, self.one_of(*EVERYBODY), verdict, version=version))

    async def clicks(self) -> None:
        """Have a link of any mail opened, the oldest too, and an answer chosen and confirmed on its page."""
        # Drawn alike however many mails there are yet: they come in their own time.
        which, decision = self.data.draw(st.integers(0, 99)), self.one_of("approve", "return", "reject")
        mails = self.case.house.outbox.messages[self.mails_before :]
        tokens = [found[1] for mail in mails if (found := LINK.search(mail.as_string().replace("=\n", "")))]
        if not tokens:
            return
        token = tokens[which % len(tokens)]
        fields = {"token": token, "decision": decision, "comment": "As the page has it.", "signature": "A Name"}
        shown = [await self.browser.get(f"/d/{token}")]
        shown += [await self.browser.post("/d", data=fields | {"stage": stage}) for stage in ("review", "confirm")]
        note(f"link {token[:4]} {decision} -> {[one.status_code for one in shown]}")
        assert not any(one.status_code >= 500 for one in shown)

    async def returns(self) -> None:
        """Have whoever is asked return the request."""
        for ask in self.standing.asks:
            for one in self.told.asked[ask.ask][:1]:
                answer = an_answer(ask.ask, one.person, Verdict.RETURN, version=self.told.request.version)
                await self.act(answer)

    async def edits(self) -> None:
        """Have the request changed, in an answer that is material or is not, of this edition or of an old one."""
        key = self.one_of("note", "note", "aims")
        edition = self.data.draw(st.sampled_from((self.told.request.edition, 1)))
        who = self.one_of(self.told.request.author, self.told.request.starter, "manager")
        await self.act(an_edit(self.told.request, who, edition, **{key: f"step {self.done}"}))

    async def withdraws(self) -> None:
        """Have the author take the request back, now and then."""
        if self.data.draw(st.integers(0, 5)) == 5:
            await self.act(Act(kind="withdraw", person=self.told.request.author, how="session"))

    async def nudges(self) -> None:
        """Have somebody nudge."""
        await self.act(Act(kind="nudge", person=self.one_of("author", "helper", "head"), how="session"))

    async def steps_aside(self) -> None:
        """Have somebody step aside from an ask."""
        ask, who = self.one_of(*self.told.opened), self.one_of(*EVERYBODY)
        await self.act(Act(kind="step_aside", person=who, how="link", ask=ask, comment="A friend of mine."))

    async def disputes(self) -> None:
        """Have somebody say that an answer was not theirs."""
        ask, who = self.one_of(*self.told.opened), self.one_of(*EVERYBODY)
        decided = [event for event in await self.case.events() if isinstance(event, Decision)]
        if self.data.draw(st.booleans()) and decided:
            ask, who = decided[-1].ask, decided[-1].by
        await self.act(Act(kind="dispute", person=who, how="link", ask=ask))

    async def releases(self) -> None:
        """Have an administrator settle what is disputed."""
        for ask in self.standing.disputed:
            await self.act(a_lever("release", ask=ask, stands=self.data.draw(st.booleans())))

    async def pulls(self) -> None:
        """Have somebody, an administrator or not, pull a lever."""
        ask, admin = self.one_of(*self.told.opened), self.one_of("admin", "admin", "head", "author")
        to = {"to": self.one_of(*EVERYBODY), "days": self.data.draw(st.integers(1, 9))}
        kinds: tuple[ActKind, ...] = ("reassign", "reassign", "remind", "extend")
        kind = self.data.draw(st.sampled_from(kinds))
        await self.act(a_lever(kind, admin, ask=ask, **to))

    # What else happens.

    async def people_change(self) -> None:
        """Have somebody leave, be away, come back or take a seat, and the open asks looked up."""
        who = self.one_of(*EVERYBODY)
        plain = next(person for person in SCHOOL.people if person.id == who)
        changes: dict[str, dict[str, Any]] = {
            "leaves": {"leaves_on": LONG_AGO},
            "is away": {"absences": (AWAY,), "deputy": self.one_of(*EVERYBODY)},
            "is back": {},
            "takes a seat": {"holdings": a_person(who, self.one_of("headteacher", "deputy_headteacher")).holdings},
        }
        changed = changes[self.one_of(*changes)]
        note(f"{who}: {changed}")
        async with self.case.house.db.write() as session:
            await people.save(session, (Person.model_validate(plain.model_dump() | changed),))
        for ask in self.standing.asks:
            await self.act(Act(kind="look_up", person="duly", how="duly", ask=ask.ask))

    async def time_passes(self) -> None:
        """Let some days pass."""
        days = self.data.draw(st.sampled_from((1, 3, 8, 30)))
        note(f"{days} days")
        await self.case.pass_time(timedelta(days=days))

    async def step(self) -> None:
        """Do one thing, and check that everything still holds."""
        self.done += 1
        moves = (
            self.approves,
            self.answers,
            self.clicks,
            self.returns,
            self.edits,
            self.withdraws,
            self.nudges,
            self.steps_aside,
            self.disputes,
            self.releases,
            self.pulls,
            self.people_change,
            self.time_passes,
        )
        await self.data.draw(st.sampled_from((*moves, self.approves, self.people_change, self.releases)))()
        await self.check()

    # What has to hold.

    async def check(self) -> None:
        """Check the record against itself, and the read model against the record."""
        events = await self.case.settled()
        self.told = told = Told(self.case.opening, events)
        assert first_violation(self.case.opening.process.rules, events) is None
        decided = Counter(event.ask for event in events if isinstance(event, Decision))
        assert max(decided.values(), default=0) <= 1
        assert not {one.person for reached in told.asked.values() for one in reached if one.seat != "author"} & {
            told.request.author,
            told.request.starter,
        }
        async with self.case.house.db.read() as session:
            row = await queries.case_by_id(session, self.case.opening.case)
            assert row is not None
            asks = {ask.ask: ask for ask in await queries.asks_of(session, row.id)}
            reached = await queries.reached(session, row.id)
            self.standing = standing = await queries.standing_of(session, self.case.house.keys, row)
            links = (await session.execute(select(LinkRow).where(col(LinkRow.case) == row.id))).scalars().all()
            said = (await session.execute(select(EventRow).where(col(EventRow.case) == row.id))).scalars().all()
        chain = sorted((Link(**one.model_dump(exclude={"sealed"})) for one in said), key=lambda link: link.n)
        assert (first_broken(chain), len(chain)) == (None, len(events))
        waiting = {ask: opened for ask, opened in told.opened.items() if ask not in told.closed}
        assert {ask.ask for ask in standing.asks} == set(waiting)
        assert set(standing.disputed) == told.disputed
        assert (standing.request or self.case.opening.request) == told.request
        assert (row.title, row.author, row.version) == (told.request.title, told.request.author, told.request.version)
        assert (row.outcome, row.held_at) == (standing.outcome, standing.held_at)
        assert row.waits_for == (", ".join(opened.seat for opened in waiting.values()) or None)
        assert row.due == min((told.due[ask] for ask in waiting), default=None)
        assert (row.held_at is None) == (not told.disputed) or standing.outcome is not None
        assert {ask: (kept.closed_how, kept.due) for ask, kept in asks.items()} == {
            ask: (told.closed.get(ask), told.due[ask]) for ask in told.opened
        }
        for ask, everybody in told.asked.items():
            assert set(reached.get(ask, ())) == set(everybody), ask
        answering = [link for link in links if link.purpose == "answer" and link.status == "open"]
        assert {link.ask for link in answering} <= set(waiting)
        for ask, opened in waiting.items():
            holders = {link.person for link in answering if link.ask == ask}
            deciding = {one.person for one in told.asked[ask] if opened.seat != "author"}
            assert holders == deciding, ask
            assert {link.version for link in answering if link.ask == ask} <= {told.request.version}


@pytest.fixture(scope="module")
async def browser(at_home: House, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsyncClient]:
    """Yield a browser in which nobody is signed in, at pages that stand on that house."""
    folder = tmp_path_factory.mktemp("pages")
    made = Settings.model_validate({"mode": "demo", "data_dir": folder, "keys": KEYS, "base_url": BASE_URL})
    site = Site(made, at_home.db, at_home.keys, at_home.engine, {ORGANISATION: a_pack()}, at_home.clock, demo=True)
    async with AsyncClient(transport=ASGITransport(create_app(site)), base_url=BASE_URL) as client:
        client.headers["Sec-Fetch-Site"] = "same-origin"
        yield client


@settings(max_examples=EXAMPLES)
@given(data=st.data(), starter=st.sampled_from(("author", "helper")), settles=st.sampled_from((0, 30)))
async def test_whatever_people_do_every_rule_and_every_table_agrees(
    at_home: House, browser: AsyncClient, data: st.DataObject, starter: str, settles: int
) -> None:
    mails_before = len(at_home.outbox.messages)
    case = await at_home.begin(a_new_opening(starter, settles), Directory(people=SCHOOL.people))
    driver = Driver(case, data, browser, mails_before)
    await driver.check()
    for _ in range(STEPS):
        if driver.standing.outcome is not None:
            break
        await driver.step()
    async with at_home.db.read() as session:
        report = await audit.verify(session, at_home.keys)
    assert report.broken == ()
