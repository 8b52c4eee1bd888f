"""What two plays have in common: the state of a case, in which the same moves lead to the same things.

A state is all that a case can still look at: where its story and its strands stand, and what they hold; whom its open
asks reach, and which answers still count; who may do nothing more in it; what each rule, task and count still has to
know of the past, and what the story looked up in it; and in which order what is to come by itself will come. Two plays
that lead to the same state are one.

The story's place is read off its frames. That is sound because a story keeps what it knows in its own locals and in its
case, and what it looks up in the past is watched; whatever its frames hold that is not understood here is an error and
no guess, and whatever else a case holds is compared as it is. Left out are how often somebody was reminded, how many
days are left until something falls due (its place in the order stays), whether something happened twice or more often
where a story counts, whatever nothing looks at, and the numbers of events, asks and versions. Of a day that a story
holds it is compared whether it has come.
"""

from collections.abc import Hashable, Iterable
from datetime import date, datetime, timedelta
from enum import Enum
from itertools import groupby
from types import CellType, CodeType, CoroutineType, FrameType, FunctionType, GeneratorType, MethodType
from typing import Final, Literal

from domain.base import Frozen
from domain.calendar import local_day
from domain.cases import Opening
from domain.events import AnyEvent
from domain.pack import Clocks, Reviews, Step, Task
from workflows import approvals, clockwork
from workflows.ask import Ask
from workflows.case import Case
from workflows.explorer_past import Memory, Readers, Road
from workflows.strands import Strands, Wait

State = tuple[Hashable, ...]
"""A state: equal to another where nothing that may still happen is different."""

_SO_FAR: Final = "so_far"
"""What the case calls how often something was done before the time that it waits for."""

_TOLD_OTHERWISE: Final = frozenset(
    {
        # Compared by what matters of them.
        *(
            "asks",
            "accepts",
            "approved",
            "disputed",
            "route",
            "recused",
            "set_apart",
            "_past",
            "request",
            "void",
            "untils",
            "settles_at",
        ),
        # Of the turn that is over, or of no consequence but for a reminder.
        *(
            "opening",
            "taken",
            "replied",
            "lately",
            "nudged_on",
            "offers",
            "host",
            "has_begun",
            "_looks",
            "_since",
            "_of_tasks",
            "_of_holds",
        ),
        *("turn", "to_clear", "clearings"),
    }
)
"""What a case holds and its state does not compare as it is; all else that a case ever holds is compared."""


class UnknownStateError(TypeError):
    """A story keeps something of which the explorer does not know how to compare it."""

    def __init__(self, held: object) -> None:
        """Name the kind of thing."""
        super().__init__(f"a story may keep no {type(held).__name__} where the explorer is to tell its states apart")


class Place:
    """Where a play stands: its case, with its asks in an order that tells nothing of how often anybody was asked."""

    def __init__(self, case: Case, memory: Memory, readers: Readers, only_asked: bool = False) -> None:
        """Find the asks that still matter: those by which somebody may act, and those whose approval stands.

        With `only_asked`, nobody does anything from here on that nobody is asked for: no correction sends the case
        another way, and no answer is put under question.
        """
        self._case = case
        self._memory = memory
        self._readers = readers
        self._only_asked = only_asked
        live = case.live_asks()
        asks = [ask for ask in case.asks.values() if ask in live or _approves(case, ask)]
        self._asks = {ask.id: n for n, ask in enumerate(asks)}

    @property
    def road(self) -> Road | None:
        """The road that the case takes, where it will take no other."""
        route = self._case.route
        return Road(route.procedure, tuple(route.ladders.items())) if route and self._only_asked else None

    def state(self) -> State:
        """Return the state of the case: all that it holds, but what is told apart in another way."""
        case = self._case
        if case.outcome is not None:
            return (case.outcome,)
        return (
            tuple(case.offers),
            tuple((name, self._held(value)) for name, value in vars(case).items() if name not in _TOLD_OTHERWISE),
            tuple(self._ask(case.asks[key]) for key in self._asks),
            tuple((kind, accepted.seats) for kind, accepted in case.accepts.items()),
            tuple(self._asks.get(key) for key in case.disputed),
            # Whoever may not learn of a case is set apart in it as well.
            (case.recused, case.set_apart - case.recused),
            self.road or (case.route.key if case.route else None),
            self._request(),
            tuple(self._held(one) for one in case.approved[1].items()),
            self._to_come(),
            self._memory.state(self),
        )

    def version(self, event: AnyEvent) -> Literal["now", "old"] | None:
        """Return whether `event` is of the request as it is now, or None where it is of no version."""
        version = vars(event).get("version")
        if not isinstance(version, int):
            return None
        return "now" if version == self._case.request.version else "old"

    def answer_of(self, event: AnyEvent) -> int | None:
        """Return which of the answers that may yet be found void `event` is, or None where it is none of them."""
        ask = str(vars(event).get("ask"))
        return self._asks.get(ask) if ask in self._case.disputed or not self._only_asked else None

    def _ask(self, ask: Ask) -> State:
        if ask.decision is not None:
            by = vars(ask.decision).get("by"), self._memory.released(ask.id)
            return (ask.step.key, ask.seat, () if self._only_asked else by)
        version = ask.version == self._case.request.version
        return (ask.step.key, ask.seat, ask.is_open, version, ask.reach, ask.asked, ask.escalated)

    def _request(self) -> State:
        request, process = self._case.request, self._case.opening.process
        named = [seat.from_field for seat in self._case.opening.seats if seat.from_field]
        is_back = any(ask.is_for_changes for ask in self._case.open_asks())
        sent_back = self._memory.sent_back() if is_back and not self._only_asked else ()
        people = tuple(request.answers.get(field) for field in named)
        return (request.author, request.starter, people, bool(request.overrides), process.key, sent_back)

    def _to_come(self) -> State:
        """Return what comes by itself, in its order, reminders only where something looks at them.

        Of a day that the story itself waits for, also how far it is: what comes round before it, again and again, would
        never let it come otherwise.
        """
        coming = [
            one for one in sorted(clockwork.to_come(self._case), key=lambda one: one[0]) if self._readers.minds(one[2])
        ]
        now = self._case.now()
        return (
            tuple((at - now).days for at, _, does in coming if does == "goes_on"),
            *(
                frozenset((does, self._asks.get(ask or "")) for _, ask, does in together)
                for _, together in groupby(coming, key=lambda one: one[0])
            ),
        )

    def _held(self, value: object) -> Hashable:
        """Return what a story holds, so that it can be compared.

        Raises:
            UnknownStateError: it is something else than stories hold.
        """
        match value:
            case None | bool() | str() | int() | Enum() | type() | timedelta():
                return value
            case Case() | Opening():
                return type(value).__name__
            case datetime():
                return value <= self._case.now()
            case date():
                return value <= local_day(self._case.now())
            case Ask():
                over = value.answer.ending if value.answer else ""
                return (value.step.key, value.seat, over, self._asks.get(value.id))
            case Clocks():
                return value.key
            case Frozen():
                return value if _is_hashable(value) else value.model_dump_json()
            case Wait():
                return self._held(value._ready)
            case tuple() | list():
                return tuple(self._held(one) for one in value)
            case set() | frozenset():
                return frozenset(self._held(one) for one in value)
            case dict():
                return tuple((self._held(key), self._held(one)) for key, one in value.items())
            case FunctionType():
                return (
                    value.__qualname__,
                    self._held(value.__defaults__ or ()),
                    self._cells(value.__code__, value.__closure__ or ()),
                )
            case MethodType():
                return (value.__qualname__, self._held(value.__self__))
            case CoroutineType():
                return self._frame(value.cr_frame, value.cr_await)
            case GeneratorType():
                return self._frame(value.gi_frame, value.gi_yieldfrom)
            case Strands():
                return self._names(vars(value).items())
            case _ if callable(getattr(value, "run", None)):
                return (type(value).__name__, self._names(vars(value).items()))
            case _:
                raise UnknownStateError(value)

    def _frame(self, frame: FrameType | None, awaits: object) -> Hashable:
        if frame is None:
            return "over"
        return (frame.f_code.co_qualname, frame.f_lasti, self._names(frame.f_locals.items()), self._held(awaits))

    def _cells(self, code: CodeType, closure: Iterable[CellType]) -> Hashable:
        return self._names(zip(code.co_freevars, (cell.cell_contents for cell in closure), strict=True))

    def _names(self, held: Iterable[tuple[str, object]]) -> Hashable:
        """Return what is held under its names; of how often a task or review was done, only how often since."""
        names = dict(held)
        so_far, what = names.get(_SO_FAR), names.get("task", names.get("reviews"))
        if isinstance(so_far, int) and isinstance(what, Task | Reviews):
            names[_SO_FAR] = so_far - self._memory.times(what.done_by)
        return tuple((name, self._held(value)) for name, value in names.items())


def _is_hashable(value: Frozen) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _approves(case: Case, ask: Ask) -> bool:
    return isinstance(ask.step, Step) and approvals.still_approves(case, ask, ask.step)
