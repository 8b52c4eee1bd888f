"""What was answered of a report so far. It travels with the pages, and nothing of it is kept before the end."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pydantic import Field

from domain.base import Frozen
from domain.fields import Question, Raw
from domain.forms import Fault
from domain.pasted import NO_PICTURES, holds_a_file
from domain.text import is_blank

MOST_PEOPLE: Final = 5
MOST_EVENTS: Final = 6

_PERSON: Final = ("name", "category", "capacity")
_EVENT: Final = ("about", "topic", "what")


class SoFar(Frozen):
    """What was answered so far: `typed` is what was typed or ticked, as it came.

    `key` is random, so that nobody guesses what comes of the report. `people` and `events` are how many of each are
    asked for, `done` the pages that were gone through.
    """

    key: str = Field(pattern=r"^[A-Za-z0-9_-]{43}$", repr=False)
    typed: dict[str, Raw] = Field(default_factory=dict, repr=False)
    people: int = Field(default=1, ge=1, le=MOST_PEOPLE)
    events: int = Field(default=1, ge=1, le=MOST_EVENTS)
    done: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        """What stands for the report as it is: the same for the same answers, and nobody's guess without the key.

        It decides the one case that the report opens. Where it is not known whether a report arrived, what is changed
        before it is sent again is another report, and not lost.
        """
        told = json.dumps((self.key, self.typed, self.people, self.events), sort_keys=True)
        return hashlib.sha256(b"duly/report/v1" + told.encode()).hexdigest()

    def with_typed(self, page: str, typed: Mapping[str, Raw], questions: tuple[Question, ...]) -> "SoFar":
        """Return it with what was typed on `page`, in place of what was there, and the page gone through.

        Where other people are named than before, it has to be said again who did what.
        """
        keys = {question.key for question in all_of(questions)}
        kept = {key: raw for key, raw in self.typed.items() if key not in keys}
        now = kept | dict(typed)
        again = {"events"} if page == "people" and now != self.typed else set()
        done = tuple(dict.fromkeys((*(one for one in self.done if one not in again), page)))
        return self.model_copy(update={"typed": now, "done": done})

    def without(self, questions: tuple[Question, ...]) -> "SoFar":
        """Return it without the answers to `questions`, which the page itself carries."""
        keys = {question.key for question in all_of(questions)}
        return self.model_copy(update={"typed": {key: raw for key, raw in self.typed.items() if key not in keys}})


def case_of(token: str) -> str:
    """Return the id of the case that the report with this token opens."""
    return "c-" + hashlib.sha256(b"duly/report-case/v1" + token.encode()).hexdigest()[:32]


def without_files(typed: Mapping[str, Raw]) -> tuple[dict[str, Raw], tuple[Fault, ...]]:
    """Return what was typed less every text that has a picture or a file in it, and what to say of each."""
    pasted = [key for key, raw in typed.items() if any(map(holds_a_file, (raw,) if isinstance(raw, str) else raw))]
    kept = {key: raw for key, raw in typed.items() if key not in pasted}
    return kept, tuple(Fault(field=key, message=NO_PICTURES) for key in pasted)


def people_in(so_far: SoFar) -> tuple[int, ...]:
    """Return the numbers of the people who are named; the first, where nobody is yet."""
    return _in_use(so_far, _PERSON, so_far.people)


def events_in(so_far: SoFar) -> tuple[int, ...]:
    """Return the numbers of what is said to have happened; the first, where nothing is yet."""
    return _in_use(so_far, _EVENT, so_far.events)


def _in_use(so_far: SoFar, parts: tuple[str, ...], count: int) -> tuple[int, ...]:
    def is_used(n: int) -> bool:
        raws = (so_far.typed.get(f"{part}_{n}", "") for part in parts)
        return any(not is_blank(text) for raw in raws for text in ((raw,) if isinstance(raw, str) else raw))

    return tuple(n for n in range(1, count + 1) if is_used(n)) or (1,)


def all_of(questions: Iterable[Question]) -> Iterator[Question]:
    """Yield `questions`, each followed by those that its options can reveal."""
    for question in questions:
        yield question
        for option in getattr(question, "options", ()):
            yield from option.reveals
