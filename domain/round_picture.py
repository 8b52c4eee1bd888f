"""What comes round as stages: what is behind it, what is being done, and what comes next; each as it stands now."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from domain.cases import Opening, Standing
from domain.events import Approved, AskClosed, AskOpened, CaseEnded, Extended, Recorded, Rejected
from domain.order import matches
from domain.pack import Step
from domain.picture import Mark, Stage
from domain.round_entries import CampaignBegan, CycleBegan, RollCalled, SiteLifeBegan, VersionAdopted
from domain.round_mails import COMING
from domain.words import day_in_words

_FIRST: Final = {
    "site_life": ("Approved", "Begun"),
    "review": ("In force", "Begun"),
    "acknowledgement": ("Begun", "Done"),
    "signature": ("Asked", "Done"),
    "question": ("Asked", "Done"),
}
"""What comes first, and how it stands."""

_LAST: Final = {
    "site_life": "Closed",
    "review": "New version",
    "acknowledgement": "Over",
    "signature": "Signed",
    "question": "Answered",
}
_GOOD: Final = frozenset({"closed", "signed", "answered"})


def round_stages(
    opening: Opening, standing: Standing, history: Sequence[Recorded], names: Mapping[str, str]
) -> tuple[Stage, ...]:
    """Return the stages of what comes round, in their order: of a review, those of the cycle that goes on now.

    Of a site's life, what recurs is there while somebody is asked for it. `names` are those of people, by id.
    """
    began = max((place for place, said in enumerate(history) if isinstance(said.event, CycleBegan)), default=0)
    record = _Record(opening, standing, history[began:], names)
    story = opening.process.story
    begun = SiteLifeBegan | CycleBegan | CampaignBegan
    first = next((said for said in record.history if isinstance(said.event, begun)), None)
    at = first.at if first is not None else history[0].at if history else None
    title, words = _FIRST[story]
    stages = [Stage(title=title, who="", mark="tick", words=words, at=at)]
    stages += record.tasks()
    stages += record.steps()
    stages += record.roll()
    stages += record.dates()
    return (*stages, record.end())


class _Record:
    """The record of a case, asked how its tasks and steps stand now."""

    def __init__(
        self, opening: Opening, standing: Standing, history: Sequence[Recorded], names: Mapping[str, str]
    ) -> None:
        self._opening, self._standing, self.history, self._names = opening, standing, history, names
        self._open = {ask.ask for ask in standing.asks}
        self._over = standing.outcome is not None

    def tasks(self) -> Iterator[Stage]:
        """Yield a stage for each task that comes once, and for each other one that is asked for now."""
        process = self._opening.process
        for task in (*process.tasks, *process.rounds):
            asks = self._asks(task.key)
            waits = [ask for ask in asks if ask.ask in self._open]
            done = next((said for said in reversed(self.history) if matches(task.done_by, said.event)), None)
            title, who = task.title, self._seat(task.seat)
            if waits:
                due = self._due(waits[-1])
                yield Stage(title=title, who=who, mark="dots", words="Asked for", due=due)
            elif task in process.rounds or task.key in {"close", "suspend"}:
                continue
            elif done is not None:
                by = self._name(getattr(done.event, "by", ""))
                yield Stage(title=title, who=who, mark="tick", words="Done", by=by, at=done.at)
            else:
                yield Stage(title=title, who=who, mark=self._still, words="Not needed" if self._over else "To come")

    def steps(self) -> Iterator[Stage]:
        """Yield a stage for each approval that is asked for, or that comes before the next version."""
        process = self._opening.process
        for step in process.steps:
            asks = self._asks(step.key)
            if process.story == "site_life" and not any(ask.ask in self._open for ask in asks):
                continue
            for seat in step.seats:
                yield self._approval(step, seat, [ask for ask in asks if ask.seat == seat])

    def _approval(self, step: Step, seat: str, asks: Sequence[AskOpened]) -> Stage:
        who = self._seat(seat)
        told = {"title": step.title, "who": who}
        if not asks:
            return Stage.model_validate(
                {**told, "mark": self._still, "words": "Not needed" if self._over else "To come"}
            )
        ask = asks[-1]
        if ask.ask in self._open:
            return Stage.model_validate({**told, "mark": "dots", "words": "Asked", "due": self._due(ask)})
        of_it = [said for said in self.history if getattr(said.event, "ask", None) == ask.ask]
        for said in reversed(of_it):
            if isinstance(said.event, Approved | Rejected):
                mark: Mark = "tick" if isinstance(said.event, Approved) else "cross"
                words = "Approved" if mark == "tick" else "Declined"
                return Stage.model_validate(
                    {**told, "mark": mark, "words": words, "by": self._name(said.event.by), "at": said.at}
                )
        closed = next((said.at for said in of_it if isinstance(said.event, AskClosed)), None)
        return Stage.model_validate({**told, "mark": "dash", "words": "Ended without an answer", "at": closed})

    def roll(self) -> Iterator[Stage]:
        """Yield how many have signed, of an acknowledgement."""
        roll = next((said for said in reversed(self.history) if isinstance(said.event, RollCalled)), None)
        if roll is not None and isinstance(roll.event, RollCalled):
            signed, asked, waiting = roll.event.signed, roll.event.asked, roll.event.waiting
            words = f"{signed} of {asked} had signed"
            yield Stage(
                title="Signatures", who="Everybody", mark="dots" if waiting else "tick", words=words, at=roll.at
            )

    def dates(self) -> Iterator[Stage]:
        """Yield a stage for each day that is to come, the day of closing apart: that is the end."""
        for one in sorted(self._standing.dates or (), key=lambda date: date.day):
            if one.what != "closure":
                yield Stage(title=COMING[one.what], who="", mark="ring", words=f"On {day_in_words(one.day)}")

    def end(self) -> Stage:
        """Return the last stage."""
        story = self._opening.process.story
        ended = next((said for said in reversed(self.history) if isinstance(said.event, CaseEnded)), None)
        if ended is not None and isinstance(ended.event, CaseEnded):
            outcome = ended.event.outcome
            words = outcome.replace("_", " ").capitalize()
            return Stage(title="End", who="", mark="tick" if outcome in _GOOD else "cross", words=words, at=ended.at)
        adopted = next((said for said in self.history if isinstance(said.event, VersionAdopted)), None)
        if adopted is not None and isinstance(adopted.event, VersionAdopted):
            return Stage(title=_LAST[story], who="", mark="tick", words=adopted.event.version, at=adopted.at)
        closes = next((one.day for one in self._standing.dates or () if one.what == "closure"), None)
        words = f"On {day_in_words(closes)}" if closes is not None else "To come"
        return Stage(title=_LAST[story], who="", mark="ring", words=words)

    @property
    def _still(self) -> Mark:
        return "dash" if self._over else "ring"

    def _asks(self, key: str) -> list[AskOpened]:
        events = (said.event for said in self.history)
        return [event for event in events if isinstance(event, AskOpened) and event.step == key]

    def _due(self, ask: AskOpened) -> datetime:
        events = (said.event for said in reversed(self.history))
        return next((one.due for one in events if isinstance(one, Extended) and one.ask == ask.ask), ask.due)

    def _seat(self, key: str) -> str:
        return next((seat.title for seat in self._opening.seats if seat.key == key), key)

    def _name(self, person: str) -> str:
        return self._names.get(person, "somebody who has left")
