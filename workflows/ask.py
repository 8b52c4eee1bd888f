"""The ask: one seat is asked one thing, and exactly one answer counts."""

from datetime import datetime
from typing import Literal, NamedTuple

from domain.base import Frozen
from domain.calendar import due_on, end_of, local_day, morning_of
from domain.cases import Act, OpenAsk, Opening, Reply
from domain.events import AnyEvent, Approved, Confirmed, Rejected, Signature, Verdict
from domain.pack import Step
from domain.people import Asked
from domain.text import is_blank


class Answer(Frozen):
    """What a wait gave: `ending` is how the case ends by it, unless it approves."""

    ending: str

    @property
    def approves(self) -> bool:
        """Return whether the story may go on."""
        return self.ending == "approved"

    @property
    def lapsed(self) -> bool:
        """Return whether nobody answered."""
        return self.ending == "lapsed"


class Coming(NamedTuple):
    """What happens next by itself, and when."""

    at: datetime
    ask: str
    does: Literal["remind", "escalate", "lapse"]


class Ask:
    """One seat asked for one step. It is passive: the case reminds, escalates and closes it."""

    def __init__(self, ask_id: str, step: Step, seat: str, opening: Opening, opened_at: datetime) -> None:
        """Open the ask, and compute from the school's calendar when what is due.

        Raises:
            CalendarTooShortError: the calendar does not reach the last of its days.
        """
        day = local_day(opened_at)
        self.id = ask_id
        self.step = step
        self.seat = seat
        self.version = opening.request.version
        self.opened_at = opened_at
        self.due = end_of(due_on(day, step.answer_within, opening.calendar))
        self.asked: tuple[Asked, ...] | None = None
        self.reminded = 0
        self.escalated = False
        self.answer: Answer | None = None
        self._request = opening.request
        self._decision: AnyEvent | None = None
        self._reminders = tuple(morning_of(due_on(day, n, opening.calendar)) for n in step.remind_on)
        self._escalates = (
            morning_of(due_on(day, step.escalate_on, opening.calendar)) if step.escalate_on is not None else None
        )
        self._lapses = end_of(due_on(day, step.lapse_on, opening.calendar)) if step.lapse_on is not None else None

    @property
    def is_open(self) -> bool:
        """Return whether an answer would still count."""
        return self.answer is None

    def next_by_itself(self) -> Coming | None:
        """Return what happens next if nobody answers, or None where nothing will."""
        coming = []
        if self.reminded < len(self._reminders):
            coming.append(Coming(self._reminders[self.reminded], self.id, "remind"))
        if self._escalates is not None and not self.escalated:
            coming.append(Coming(self._escalates, self.id, "escalate"))
        if self._lapses is not None:
            coming.append(Coming(self._lapses, self.id, "lapse"))
        return min(coming, default=None)

    def judge(self, act: Act) -> Reply | list[AnyEvent]:
        """Return what `act` means: the events of an answer that counts, the decision last; or why it does not.

        Nobody decides their own request, and nobody decides a form that they have not been shown.

        Source: Cadmus Appendix 1, Approval (SITE-37).
        """
        if self._decision is not None:
            return Reply(says="already_decided", decision=self._decision)
        if not self.is_open:
            return Reply(says="closed")
        reached = next((asked for asked in self.asked or () if asked.person == act.person), None)
        if reached is None or act.person in {self._request.author, self._request.starter}:
            return Reply(says="not_asked")
        if act.version != self.version:
            return Reply(says="wrong_version")
        if act.opened_at is None:
            return Reply(says="not_opened")
        if not self._is_complete(act):
            return Reply(says="incomplete")
        common = {
            "ask": self.id,
            "step": self.step.key,
            "seat": reached.seat,
            "by": act.person,
            "instead_of": reached.instead_of,
            "how": act.how,
            "version": self.version,
            "opened_at": act.opened_at,
            "signature": Signature(name=act.signature, attestation=self.step.attestation),
            "comment": act.comment,
        }
        if act.verdict is Verdict.REJECT:
            return [Rejected.model_validate(common)]
        confirmed = [
            Confirmed(ask=self.id, step=self.step.key, confirmation=confirmation.key, by=act.person)
            for confirmation in self.step.confirmations
        ]
        return [*confirmed, Approved.model_validate(common)]

    def decide(self, decision: AnyEvent) -> None:
        """Take `decision` as the one answer."""
        self._decision = decision
        self.answer = Answer(ending=decision.kind)

    def close(self, why: str) -> None:
        """Take no answer from now on."""
        self.answer = Answer(ending=why)

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

    def _is_complete(self, act: Act) -> bool:
        if act.verdict is None or is_blank(act.signature):
            return False
        if act.verdict is Verdict.REJECT:
            return not is_blank(act.comment)
        confirmed = {confirmation.key for confirmation in self.step.confirmations} <= set(act.confirmations)
        return confirmed and not (self._request.overrides and is_blank(act.comment))
