"""The case: all that a process may speak to, and the one door through which anything happens in it.

A process is a story told in asks, events and waits. The case checks every event against the order rules; the rest it
leaves to a module each: who is asked, and whom that reaches (`reaching`); which approvals stand (`approvals`); what is
done and seen to (`tasks`); what happens by itself (`clockwork`); what people do (`acts`); how the strands are told on
(`strands`), and turn follows on turn (`turn`); and what it takes along when it begins again (`going_on`). It knows no
Temporal: a host gives it the time, a place to publish, and a way to pause.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel

from domain.allegations import Clearance, Matter
from domain.asking import AUTHOR, SIGNER
from domain.calendar import due_on, local_day, morning_of
from domain.cases import Act, MailOrder, Opening, Present, Reply, Request, Roll, RollCount, Standing, ToBegin, ToOpen
from domain.coming_dates import ComingDate
from domain.entries import CaseOpened, Entry
from domain.events import AnyEvent, ClosedWhy, MovedWhy, Recorded, StepRefused
from domain.fields import Value
from domain.forms import Answers
from domain.matters import as_it_stands, next_task
from domain.order import about, drafting_apart, forbidding_rule, is_between, matches
from domain.pack import Changes, EventMatch, OrderRule, Reviews, Route, Step, Task
from domain.pack import Story as Tells
from domain.people import Asked
from workflows import acts, approvals, clockwork, going_on, reaching, rounds, standing, tasks, turn
from workflows.acts_on_record import Accepted
from workflows.ask import Answer, Ask, Reach, answer_of_all, calendar_of, first_answer
from workflows.mails import NEUTRAL_MAIL
from workflows.reaching import CASE_MANAGER
from workflows.since import WHO_DRAFTED
from workflows.strands import Story, Strands, Wait
from workflows.turn import Host, Turn

E = TypeVar("E", bound=BaseModel)

_APPROVED: Final = Answer(ending="approved")

AGAIN: Final = "again"
"""How a story ends that is to be told on in a case that begins again."""

_CLOSES: Final[dict[str, ClosedWhy]] = {
    "withdrawn": "withdrawn",
    "cancelled": "cancelled",
    "changed": "changed",
    "sent_back": "sent_back",
    "asked_again": "asked_again",
    "moved_on": "changed",
    "closed": "no_longer_needed",
}
"""Why an ask is closed that something else than its answer ended, by what that was."""


class Case:
    """One run of a process, begun by `opening` and carried by `host`.

    `opening` has the pack it goes by now, `request` is the request as it is now, `past` all that happened, `asks` every
    ask by its id. `disputed` are asks whose answers somebody says were not theirs: as long as there are any, the case
    is held. `void` are those whose answers an administrator then found to be void.
    `own` is everybody whose request it is or ever was, `set_apart` whoever stepped aside or intervened: they decide
    nothing in it, `apart` who decides nothing about the change of a site that is being decided. `opened` are the
    readings that whoever signs has opened. `taken` counts the acts, `calls` those that had a roll called. `accepts` is
    what may be recorded, `dates` says what people look forward to, `present` who of those who run a site is there.
    `began` is the day on which a review began its cycle. `rests_when` says when the story is to begin again as soon as
    all is said, and `is_at_rest` that it can now. In a confidential case, `recused` must not learn of it, and `route`
    says who sees to it. `approved` are the answers of a site as they were approved, with how many events that is known
    of.

    What follows is of its machinery: `turn` is what was said since the last one was published, `strands` what is told,
    `untils` and `settles_at` what they wait for, `still_since` since when clocks stand still; `rolled` is the count of
    the latest roll, `clearings` what is known of those `to_clear`; `replied` and `lately` keep anything from being done
    twice across a new beginning.
    """

    def __init__(self, opening: Opening, host: Host) -> None:
        """Build the case; nothing happens until it is played.

        One that begins again knows nothing of its past but what it carries.
        """
        carried = opening.carried
        self.opening = opening
        self.request = opening.request if carried is None else carried.request
        self.outcome: str | None = None
        self.past: list[AnyEvent] = list(carried.events) if carried is not None else []
        self.asks: dict[str, Ask] = {}
        self.offers: dict[str, tuple[Callable[[Act], AnyEvent], str]] = {}
        self.disputed: tuple[str, ...] = ()
        self.held_at: datetime | None = None
        self.void: frozenset[str] = frozenset(carried.void if carried is not None else ())
        self.own = frozenset({opening.request.author, opening.request.starter}) - {""}
        self.set_apart: frozenset[str] = frozenset(carried.set_apart if carried is not None else ())
        self.apart: frozenset[str] = frozenset(carried.apart if carried is not None else ())
        self.opened: frozenset[str] = frozenset()
        self.taken = 0
        self.calls = 0
        self.nudged_on: date | None = None
        self.recused: frozenset[str] = frozenset()
        self.route: Route | None = None
        self.approved: tuple[int, Answers] = (-1, {})
        self.accepts: dict[str, Accepted] = {}
        self.present: Present | None = carried.present if carried is not None else None
        self.dates: Callable[[], tuple[ComingDate, ...]] | None = None
        self.began: date | None = None
        self.next_opening: Opening | None = None
        self.rests_when: Callable[[], bool] | None = None
        self.is_at_rest = False
        self.host = host
        self.turn = Turn(opening if carried is None else None)
        self.strands = Strands()
        self.has_begun = carried is not None
        self.untils: list[Callable[[], datetime | None]] = []
        self.settles_at: datetime | None = None
        self.still_since: datetime | None = None
        self.rolled: RollCount | None = None
        self.to_clear: list[tuple[int, Clearance]] = []
        self.clearings: dict[int, bool | None] = {}
        self._interruption: Answer | None = None
        self._may_be_interrupted = False
        self._stopped = False
        self.replied = {one.digest: one.reply for one in opening.replied}
        self.lately: deque[tuple[Act, Reply]] = deque(maxlen=acts.LATELY)
        for one in carried.asks if carried is not None else ():
            reach = Reach(one.ladder, one.named, frozenset(one.excluded), one.also)
            calendar = calendar_of(opening.calendar, one.step)
            self.asks[one.ask] = Ask(one.ask, one.step, one.seat, one.version, reach, one.opened_at, calendar, one)

    # What a process says.

    def now(self) -> datetime:
        """Return the time of this turn, in UTC."""
        return self.host.now()

    def since(self, change: str) -> bool:
        """Return whether the case does what `workflows.since` says of `change`: one that ran before does not."""
        return self.host.since(change)

    def morning_in(self, days: int) -> datetime:
        """Return the morning of the day that comes `days` working days after today."""
        return morning_of(due_on(local_day(self.now()), days, self.opening.calendar))

    def record(self, event: AnyEvent) -> bool:
        """Append `event` if no order rule forbids it, and send the notices that the pack hangs on it.

        What a rule forbids does not happen: `step_refused` is appended in its place, and the answer is False.
        """
        return self.record_all([event]) is None

    def record_all(self, events: list[AnyEvent], by: str | None = None) -> str | None:
        """Append all `events`, or none and `step_refused`; return the clause of the rule that forbids one."""
        rules = self.rules
        for place, event in enumerate(events):
            rule = forbidding_rule(rules, [*self.past, *events[:place]], event)
            if rule is not None:
                self._append(StepRefused(tried=event.kind, rule=rule.key, clause=rule.clause, by=by))
                return rule.clause
        for event in events:
            self._append(event)
        return None

    def tell(self, template: str, *to: str) -> None:
        """Send the mail `template` about the latest event to those that the pack calls `to`."""
        asks = tuple(ask.id for ask in self.open_asks() if not ask.is_for_changes) if "asked" in to else ()
        self.turn.mails.append(MailOrder(template=template, about=self.n, to=to, asks=asks))

    def mail_asked(self, template: str, ask: Ask, newly: bool = False) -> None:
        """Send the mail `template` about the latest event to those whom `ask` reaches, or only to new ones."""
        self.turn.mails.append(MailOrder(template=template, about=self.n, ask=ask.id, newly=newly))

    # What a process asks, and waits for.

    def next_step(self) -> Step | None:
        """Return the first step of the process that is not approved, or None once all are.

        An approval stands until it is void, as `approvals.still_approves` has it.
        """
        return approvals.next_step(self)

    def has_approved(self, step: Step, seat: str) -> bool:
        """Return whether an approval of `step` stands that was asked of `seat`."""
        return approvals.has_approved(self, step, seat)

    async def ask(self, step: Step) -> Answer:
        """Ask the seats of `step` that have not approved it, and return the answer of all, or of the first."""
        seats = [seat for seat in step.seats if not self.has_approved(step, seat)]
        asks = [reaching.open_ask(self, step, seat, reaching.of_step(self, step, seat)) for seat in seats]
        return await (self.any_of(asks) if step.needs == "any" else self.all_of(asks))

    async def ask_author(self, changes: Changes) -> Answer:
        """Ask the author to change the request, and return once they have, or once they were asked too long."""
        own = dict.fromkeys((self.request.author, self.request.starter))
        fixed = tuple(Asked(person=person, seat=AUTHOR) for person in own)
        return await self.all_of([reaching.open_ask(self, changes, AUTHOR, Reach((AUTHOR,), fixed=fixed))])

    async def all_of(self, asks: list[Ask]) -> Answer:
        """Return approval once all `asks` approve, or the first answer that does not."""
        return await self._first_of(asks, lambda: answer_of_all(asks))

    async def any_of(self, asks: list[Ask]) -> Answer:
        """Return the first answer to any of `asks`; one that lapsed counts when all have."""
        return await self._first_of(asks, lambda: first_answer(asks))

    async def settle(self) -> Answer:
        """Wait out the minutes in which somebody can still say that a decision was not theirs."""
        minutes = self.opening.process.settles_within
        if minutes == 0:
            return _APPROVED
        settles_at = self.settles_at = self.now() + timedelta(minutes=minutes)
        answer = await self._first_of([], lambda: _APPROVED if not self.disputed and self.now() >= settles_at else None)
        self.settles_at = None
        return answer

    async def do(self, task: Task) -> None:
        """Ask the seat of `task` to do it, and return once it is done, or once something else comes first.

        Where somebody else does it, whoever sees to the case is asked beside them to see that it is done.
        """
        await tasks.do(self, task)

    async def review(self, reviews: Reviews) -> None:
        """Ask for a review, and return once one more than now is on record."""
        await tasks.review(self, reviews)

    async def see_to(
        self, task: Task, so_long_as: Callable[[], bool] = lambda: True, settles: Callable[[], bool] = lambda: True
    ) -> bool:
        """Ask the seat of `task` to do it once more; return whether it is done, or False once it need not be.

        Where what was done last `settles` nothing, it goes on being asked for, as if nobody had done it.
        """
        return await tasks.see_to(self, task, so_long_as, settles)

    def waited(self, task: Task) -> Ask | None:
        """Return the ask for `task` that the story waits for, or None."""
        return tasks.waited(self, task)

    def is_waited(self, task: Task) -> bool:
        """Return whether the story waits for `task` to be done, which it asked for before it began again."""
        return tasks.waited(self, task) is not None

    async def sign(self, step: Step, person: str) -> Answer:
        """Ask `person`, and nobody in their place, and return their answer."""
        fixed = (Asked(person=person, seat=SIGNER),)
        return await self.all_of([reaching.open_ask(self, step, SIGNER, Reach((SIGNER,), fixed=fixed))])

    async def disturbed(self, over: Callable[[], bool]) -> Answer:
        """Return what ends the wait from outside (a change, a cancelling), or approval once it is `over`."""
        return await self._first_of([], lambda: _APPROVED if over() else None)

    async def until(
        self, at: datetime | Callable[[], datetime | None], unless: Callable[[], bool] = lambda: False
    ) -> None:
        """Return at `at`, or at once where that has passed, or once `unless` says so.

        Where `at` is a function it is asked anew whenever something happens; None is a day that nobody knows.
        """
        when = at if callable(at) else lambda: at

        def over() -> bool | None:
            moment = when()
            return True if unless() or (moment is not None and self.now() >= moment) else None

        self.untils.append(when)
        await Wait(over)
        self.untils.remove(when)

    async def once(self, is_so: Callable[[], bool]) -> None:
        """Return once `is_so` says so."""
        await Wait(lambda: True if is_so() else None)

    async def call(self, roll: Roll) -> RollCount:
        """Call `roll` until everybody was got to, and return how it stands."""
        while True:
            self.turn.roll, self.rolled = roll, None
            counted = await Wait(lambda: self.rolled)
            if not counted.more:
                return counted

    async def recorded(self, pattern: EventMatch) -> None:
        """Return once an event that fits `pattern` is on record."""
        await Wait(lambda: True if any(matches(pattern, event) for event in self.past) else None)

    async def cleared(self, clearance: Clearance) -> bool:
        """Return whether `clearance` is on record, and permits what it is to permit."""
        number = len(self.clearings)
        self.clearings[number] = None
        self.to_clear.append((number, clearance))
        return await Wait(lambda: self.clearings[number])

    def alongside(self, strand: Coroutine[Wait[Any], None, None]) -> None:
        """Tell `strand` beside the story, for as long as the story lasts."""
        self.strands.beside.append(strand)

    # What people may do in it.

    def offer(self, act: str, becomes: Callable[[Act], AnyEvent], ending: str) -> None:
        """Let the author do `act` from now on; it is recorded as what it `becomes` and ends the wait as `ending`."""
        self.offers[act] = (becomes, ending)

    def accept(
        self, kinds: Iterable[str], seats: Iterable[str] = (), does: Callable[[Any], None] | None = None
    ) -> None:
        """Let entries of `kinds` be recorded from now on: by those asked in `seats`, or anybody who is asked."""
        self.accepts |= dict.fromkeys(kinds, Accepted(frozenset(seats), does))

    def accept_no_more(self, kind: str) -> None:
        """Let no entry of `kind` be recorded from now on."""
        self.accepts.pop(kind, None)

    # What begins out of it, and what it begins again with.

    def open_case(
        self, story: Literal["allegation", "disciplinary"], matter: Matter, by: str, cleared_by: int | None = None
    ) -> None:
        """Open another case out of this one, about `matter`; `cleared_by` is the number of the event that clears it.

        Whoever may not learn of this one may not learn of that one.
        """
        self.record(CaseOpened(story=story, by=by))
        matter = matter.model_copy(update={"recused": tuple(sorted(self.recused))})
        self.turn.opens.append(ToOpen(story=story, matter=matter, about=self.n, cleared_by=cleared_by))

    def halt_opened(self) -> None:
        """Have the cases that were opened out of this one stand still until they are cleared anew."""
        self.turn.halts = True

    def begin(self, story: Tells, request: Request) -> None:
        """Begin another ordinary case out of this one, of the pack's process that `story` runs, where it has one."""
        self.turn.begins.append(ToBegin(story=story, request=request, about=self.n))

    def ask_no_more(self) -> None:
        """Close whatever is asked still."""
        for ask in self.open_asks():
            reaching.close(self, ask, "no_longer_needed")

    def again(self, request: Request) -> str:
        """Begin again, with `request` and without a past, so that the story can go on for ever: to be returned."""
        self.next_opening = self.opening.model_copy(update={"request": request})
        return AGAIN

    def go_on(self, approved: Request, before: Request, own: frozenset[str], days: dict[str, date]) -> str:
        """Begin again in the midst of things, and take along what matters still: to be returned, once it is at rest.

        `approved` is the request as it was approved last, `before` as it was before that; `own` is whose the latest
        change was, `days` are those that the story counts from.
        """
        carried = going_on.carried(self, approved, before, own, days)
        self.next_opening = self.opening.model_copy(update={"carried": carried})
        return AGAIN

    def as_approved(self) -> dict[str, Value]:
        """Return the answers of what is nobody's request, as they were approved last."""
        return going_on.stood(self)[1]

    def revise(self, by: str, title: str, answers: dict[str, Value]) -> None:
        """Let the request say what `by` made of it: a new version, which nobody has approved yet."""
        rounds.revise(self, by, title, answers)

    # What is on record.

    @property
    def rules(self) -> tuple[OrderRule, ...]:
        """The order rules that the case keeps: those of its process."""
        rules = self.opening.process.rules
        if not any(map(drafting_apart, rules)) or self.since(WHO_DRAFTED):
            return rules
        return tuple(rule for rule in rules if not drafting_apart(rule))

    @property
    def n(self) -> int:
        """The number of the latest event."""
        return self.number_of(len(self.past))

    def number_of(self, place: int) -> int:
        """Return the number of the event that is the one at `place` in the past, the first being 1."""
        return self.opening.events + place - going_on.how_many(self)

    def times(self, pattern: EventMatch) -> int:
        """Return how many events on record fit `pattern`."""
        return sum(matches(pattern, event) for event in self.past)

    def latest(self, kind: type[E]) -> E | None:
        """Return the latest event of a kind, or None."""
        return next((event for event in reversed(self.past) if isinstance(event, kind)), None)

    def is_between(self, opens: str, closes: str) -> bool:
        """Return whether an event of the kind `opens` came, and none of the kind `closes` since."""
        return is_between(EventMatch(event=(opens,)), EventMatch(event=(closes,)), self.past)

    def count(self, *kinds: type[BaseModel]) -> int:
        """Return how many events of any of these kinds are on record."""
        return sum(isinstance(event, kinds) for event in self.past)

    def says(self, kind: type[E], **wanted: tuple[str, ...]) -> bool:
        """Return whether the latest event of a kind says one of what is wanted."""
        event = self.latest(kind)
        return event is not None and all(getattr(event, name) in one_of for name, one_of in wanted.items())

    def told_before(self, kind: type[E]) -> tuple[E, ...]:
        """Return the events of a kind that the case took along when it began again."""
        return tuple(event for event in self.past[: going_on.how_many(self)] if isinstance(event, kind))

    def last_about(self, kind: str, entry: Entry) -> int | None:
        """Return the number of the latest event of `kind` about an allegation of `entry`, or None."""
        for place in range(len(self.past), 0, -1):
            if self.past[place - 1].kind == kind and about(self.past[place - 1]) & about(entry):
                return self.number_of(place)
        return None

    # Who sees to a confidential case, and what is left to do in it.

    @property
    def matter(self) -> Matter:
        """What the case is about, as it stands now; only a confidential case has one."""
        if self.opening.matter is None:
            msg = "this case has no matter"
            raise ValueError(msg)
        return as_it_stands(self.opening.matter, self.past)

    def next_task(self) -> Task | None:
        """Return the first task of the process that is to be done and is not, or None once nothing is left to do."""
        if self.route is None or self._stopped:
            return None
        return next_task(self.opening.process, self.route, self.past, [one.key for one in self.matter.allegations])

    def stop(self) -> None:
        """Let there be nothing left to do: the story comes to its end."""
        self._stopped = True

    @property
    def is_stopped(self) -> bool:
        """Whether there is nothing left to do, however much was to be done."""
        return self._stopped

    def find_route(self) -> None:
        """Find who sees to the case, now that its matter is as it is; open asks go to whom the new route names."""
        reaching.find_route(self)

    def ask_anew(self, ask: Ask, why: MovedWhy, by: str | None = None) -> None:
        """Have an open ask reach whom it would reach if it were opened now; an escalated one stays so."""
        reaching.ask_anew(self, ask, why, by)

    def tell_custodians(self) -> None:
        """Tell everybody in a confidential case, and those who can open it in an emergency, that there is something."""
        told = self.route.told if self.route is not None else ()
        self.tell(NEUTRAL_MAIL, "asked", *told, *self.opening.process.custodians)

    def tell_those_in_it(self) -> None:
        """Tell everybody who is asked, and the seats that the route tells, that there is something to look at."""
        self.tell(NEUTRAL_MAIL, "asked", *(self.route.told if self.route is not None else ()))

    def recuse(self, people: Iterable[str]) -> None:
        """Let `people` not learn of the case any more: they are asked nothing, told nothing, and read nothing."""
        reaching.recuse(self, people)

    # How it is played.

    async def play(self, story: Story) -> str:
        """Tell the story to its end and return how it ended."""
        return await turn.play(self, story)

    def ready_for(self, act: Act) -> bool:
        """Return whether `act` can be judged now: the case has begun, and it is known whom its open asks reach.

        For a withdrawal, and for a remark of Duly's own, that is not needed.
        """
        known = all(ask.asked is not None for ask in self.open_asks())
        return self.has_begun and (known or act.kind == "withdraw" or act.how == "duly")

    def receive(self, act: Act) -> Reply:
        """Take what somebody does, record what it means, tell the story on, and say what came of it."""
        return acts.take(self, act)

    def interrupt(self, answer: Answer) -> None:
        """End what the process waits for with `answer`, where that can be ended, and tell the story on.

        What waits for its day, or for something to be done, goes on waiting; nor does a later wait end by it.
        """
        if self._may_be_interrupted:
            self._interruption = answer
        self.tell_on()

    def disturb(self, answer: Answer) -> None:
        """End what the story waits for with `answer`, out of a strand beside it: it goes on in the same turn."""
        if self._may_be_interrupted:
            self._interruption = answer

    def tell_on(self) -> None:
        """Tell the story on to its next wait, or to its end."""
        turn.tell_on(self)

    def open_asks(self) -> list[Ask]:
        """Return the asks that wait for an answer, in the order in which they were opened."""
        return [ask for ask in self.asks.values() if ask.is_open]

    def managing(self) -> Ask | None:
        """Return the ask by which somebody sees to a confidential case: the latest of that seat, open or not."""
        return next((ask for ask in reversed(self.asks.values()) if ask.seat == CASE_MANAGER), None)

    def live_asks(self) -> list[Ask]:
        """Return the open asks, and the one by which somebody sees to the case, open or not."""
        managing = self.managing()
        return [ask for ask in self.asks.values() if ask.is_open or ask is managing]

    def standing(self) -> Standing:
        """Return where the case stands."""
        return standing.of(self)

    async def _first_of(self, asks: list[Ask], ready: Callable[[], Answer | None]) -> Answer:
        self._may_be_interrupted = True
        answer = await Wait(lambda: self._interruption or ready())
        self._may_be_interrupted = False
        why = _CLOSES[self._interruption.ending] if self._interruption else "no_longer_needed"
        self._interruption = None
        for ask in asks:
            if ask.is_open:
                reaching.close(self, ask, why)
        return answer

    def _append(self, event: AnyEvent) -> None:
        self.past.append(event)
        self.turn.events.append(Recorded(n=self.n, at=self.now(), event=event))
        for notice in self.opening.process.notices:
            if notice.on == event.kind:
                self.tell(notice.template, *notice.to)
        self._watch_holds()

    def _watch_holds(self) -> None:
        clockwork.watch_holds(self)
