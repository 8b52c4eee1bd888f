"""The ask: one seat is asked one thing, and exactly one answer counts."""

from datetime import datetime
from typing import Final, Literal, NamedTuple

from domain.base import Frozen
from domain.calendar import Calendar, CalendarTooShortError, due_dates, end_of, local_day, morning_of
from domain.cases import Act, CarriedAsk, OpenAsk, Reply, Request
from domain.events import AnyEvent, Approved, ClosedWhy, Confirmed, Rejected, Returned, Signature, Verdict
from domain.pack import AnyClocks, Changes, Reviews, Step, Task
from domain.people import Asked
from domain.text import is_blank

_GOES_BACK: Final = frozenset({"returned", "sent_back"})
_GOES_ON: Final = frozenset({"approved", "changed", "asked_again", "moved_on"})


class Answer(Frozen):
    """What a wait gave: how it ended."""

    ending: str

    @property
    def approves(self) -> bool:
        """Return whether somebody who was asked approved."""
        return self.ending == "approved"

    @property
    def lapsed(self) -> bool:
        """Return whether nobody answered."""
        return self.ending == "lapsed"

    @property
    def goes_back(self) -> bool:
        """Return whether the request goes back to its author."""
        return self.ending in _GOES_BACK

    @property
    def goes_on(self) -> bool:
        """Return whether the story goes on; if not, the case ends as `ending` says."""
        return self.ending in _GOES_ON


def calendar_of(calendar: Calendar, step: AnyClocks) -> Calendar:
    """Return the `calendar` of the school as `step` goes by it; for what protects a child, no closure counts."""
    if isinstance(step, Task | Reviews) and step.safeguarding:
        return calendar.model_copy(update={"closures": ()})
    return calendar


class Coming(NamedTuple):
    """What happens next by itself, and when."""

    at: datetime
    ask: str
    does: Literal["remind", "escalate", "lapse"]


class Reach(NamedTuple):
    """Whom an ask may reach: the seats in order, who holds the first for this request, and who may not decide it.

    `also` are the seats that are asked besides, once it was escalated; `fixed` are people whom no seat decides.
    """

    ladder: tuple[str, ...]
    named: str | None = None
    excluded: frozenset[str] = frozenset()
    also: tuple[str, ...] = ()
    fixed: tuple[Asked, ...] | None = None


class Ask:
    """One seat asked for one step. It is passive: the case reminds, escalates and closes it.

    `asked` is None until it is known whom it reaches; `told` is whether a mail that came late was counted, `waited`
    whether the story waits for what it asks for, which it may still do once it has lapsed.
    """

    def __init__(
        self,
        ask_id: str,
        step: AnyClocks,
        seat: str,
        version: int,
        reach: Reach,
        now: datetime,
        calendar: Calendar,
        carried: CarriedAsk | None = None,
    ) -> None:
        """Open the ask at `now`, and compute from the school's calendar when what is due; or go on as it was `carried`.

        Raises:
            CalendarTooShortError: the calendar does not reach the last of its days.
        """
        self.id = ask_id
        self.step = step
        self.seat = seat
        self.version = version
        self.reach = reach
        self.opened_at = now
        self.asked: tuple[Asked, ...] | None = None
        self.reminded = 0
        self.escalated = False
        self.told = False
        self.waited = False
        self.answer: Answer | None = None
        self.decision: AnyEvent | None = None
        self._calendar = calendar
        self.given = 0
        if carried is None:
            self._set_clocks()
        else:
            self._go_on_from(carried)

    @property
    def is_open(self) -> bool:
        """Return whether an answer would still count."""
        return self.answer is None

    @property
    def is_for_changes(self) -> bool:
        """Return whether it asks the author to change the request, and nobody to decide."""
        return isinstance(self.step, Changes)

    def reaches(self, person: str) -> Asked | None:
        """Return how the ask reached `person`, or None where it did not, or where they may not decide it."""
        if person in self.reach.excluded:
            return None
        return next((asked for asked in self.asked or () if asked.person == person), None)

    def next_by_itself(self) -> Coming | None:
        """Return what happens next if nobody answers, or None where nothing will."""
        return min(self.to_come(), default=None)

    def to_come(self) -> list[Coming]:
        """Return what happens if nobody answers: the next reminder, the escalation and the lapse."""
        coming = []
        if self.reminded < len(self._reminders):
            coming.append(Coming(self._reminders[self.reminded], self.id, "remind"))
        if self._escalates is not None and not self.escalated:
            coming.append(Coming(self._escalates, self.id, "escalate"))
        if self._lapses is not None:
            coming.append(Coming(self._lapses, self.id, "lapse"))
        return coming

    def give(self, days: int) -> None:
        """Give whoever is asked `days` more working days, for everything that is still to come.

        Raises:
            CalendarTooShortError: the calendar does not reach the last of its days.
        """
        before, self.given = self.given, self.given + days
        try:
            self._set_clocks()
        except CalendarTooShortError:
            self.given = before
            self._set_clocks()
            raise

    def go_by(self, calendar: Calendar) -> bool:
        """Go by `calendar` from now on; return whether that moves the day on which it is due.

        A calendar that does not reach the last of its days leaves it as it is.
        """
        before, due = self._calendar, self.due
        self._calendar = calendar
        try:
            self._set_clocks()
        except CalendarTooShortError:
            self._calendar = before
            self._set_clocks()
        return self.due != due

    def judge(self, act: Act, request: Request, own: frozenset[str]) -> Reply | list[AnyEvent]:
        """Return what `act` means: the events of an answer that counts, the decision last; or why it does not.

        Nobody decides a request that is or was their `own`, and nobody decides a form that they have not been shown.

        Source: Cadmus Appendix 1, Approval (SITE-37).
        """
        if self.decision is not None:
            return Reply(says="already_decided", decision=self.decision)
        if not self.is_open:
            # A link to a form that changed says so, whoever else answered in between.
            return Reply(says="closed" if act.version == request.version else "wrong_version")
        reached = self.reaches(act.person)
        step = self.step
        if reached is None or not isinstance(step, Step) or act.person in own:
            return Reply(says="not_asked")
        if step.sign_in and act.how != "session":
            return Reply(says="sign_in")
        if act.version != self.version:
            return Reply(says="wrong_version")
        if act.opened_at is None:
            return Reply(says="not_opened")
        if not _is_complete(act, step, request):
            return Reply(says="incomplete")
        common = {
            "ask": self.id,
            "step": step.key,
            "seat": reached.seat,
            "by": act.person,
            "instead_of": reached.instead_of,
            "how": act.how,
            "version": self.version,
            "opened_at": act.opened_at,
            "signature": Signature(name=act.signature, attestation=step.attestation),
            "comment": act.comment,
        }
        if act.verdict is Verdict.REJECT:
            return [Rejected.model_validate(common)]
        if act.verdict is Verdict.RETURN:
            return [Returned.model_validate(common)]
        confirmed = [
            Confirmed(ask=self.id, step=step.key, confirmation=confirmation.key, by=act.person)
            for confirmation in step.confirmations
        ]
        return [*confirmed, Approved.model_validate(common)]

    def decide(self, decision: AnyEvent) -> None:
        """Take `decision` as the one answer."""
        self.decision = decision
        self.answer = Answer(ending=decision.kind)

    def close(self, why: ClosedWhy | Literal["refused"]) -> None:
        """Take no answer from now on."""
        self.answer = Answer(ending=why)

    def carry(self) -> CarriedAsk:
        """Return the ask as a case takes it along that begins again; only a step or a task can be.

        Raises:
            TypeError: it asks for something else.
        """
        if not isinstance(self.step, Step | Task):
            raise TypeError(self.step.key)
        return CarriedAsk(
            ask=self.id,
            step=self.step,
            seat=self.seat,
            version=self.version,
            opened_at=self.opened_at,
            ladder=self.reach.ladder,
            named=self.reach.named,
            excluded=tuple(sorted(self.reach.excluded)),
            also=self.reach.also,
            asked=self.asked or (),
            due=self.due,
            reminders=self._reminders,
            escalates=self._escalates,
            lapses=self._lapses,
            given=self.given,
            reminded=self.reminded,
            escalated=self.escalated,
            told=self.told,
            waited=self.waited,
            ending=self.answer.ending if self.answer is not None else None,
            decision=self.decision,
        )

    def _go_on_from(self, carried: CarriedAsk) -> None:
        """Be as the ask was when its case began again: what was due on a day is due on that day."""
        self.due, self._reminders = carried.due, carried.reminders
        self._escalates, self._lapses = carried.escalates, carried.lapses
        self.asked = carried.asked
        self.given, self.reminded, self.escalated = carried.given, carried.reminded, carried.escalated
        self.told, self.waited, self.decision = carried.told, carried.waited, carried.decision
        self.answer = Answer(ending=carried.ending) if carried.ending is not None else None

    def standing(self) -> OpenAsk:
        """Return the ask as those who wait for it may know it."""
        return OpenAsk(
            ask=self.id,
            step=self.step.key,
            seat=self.seat,
            opened_at=self.opened_at,
            due=self.due,
            reminded=self.reminded,
            escalated=self.escalated,
        )

    def _set_clocks(self) -> None:
        step, given = self.step, self.given
        counts = (step.answer_within, *step.remind_on, step.escalate_on or 0, step.lapse_on or 0)
        opened = local_day(self.opened_at)
        days = due_dates(opened, max(counts) + given, self._calendar, step.pauses_in_holidays)[given:]
        self.due = end_of(days[step.answer_within])
        self._reminders = tuple(morning_of(days[n]) for n in step.remind_on)
        self._escalates = morning_of(days[step.escalate_on]) if step.escalate_on is not None else None
        if step.escalate_when_overdue:
            self._escalates = self.due
        self._lapses = end_of(days[step.lapse_on]) if step.lapse_on is not None else None


def answer_of_all(asks: list[Ask]) -> Answer | None:
    """Return approval once all `asks` approve, the first answer that does not, or None as long as neither is so."""
    answers = [ask.answer for ask in asks if ask.answer is not None]
    refusal = next((answer for answer in answers if not answer.approves), None)
    return refusal or (answers[-1] if len(answers) == len(asks) else None)


def first_answer(asks: list[Ask]) -> Answer | None:
    """Return the first answer to any of `asks`, one that lapsed once all have; None as long as there is none."""
    answers = [ask.answer for ask in asks if ask.answer is not None]
    given = next((answer for answer in answers if not answer.lapsed), None)
    return given or (answers[-1] if len(answers) == len(asks) else None)


def _is_complete(act: Act, step: Step, request: Request) -> bool:
    if act.verdict is None or is_blank(act.signature):
        return False
    if act.verdict is not Verdict.APPROVE:
        return not is_blank(act.comment)
    confirmed = {confirmation.key for confirmation in step.confirmations} <= set(act.confirmations)
    return confirmed and not (request.overrides and is_blank(act.comment))
