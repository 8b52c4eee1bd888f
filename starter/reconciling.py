"""Comparing the record with Temporal: every decision on the one has to be in the other, whichever was tampered with.

Temporal keeps, sealed, what people did in a case and what the case said to it: an update, accepted and completed. What
the case says it decided has to be on record, and what is on record has to have been done. Of a case nothing is said but
its reference (of a confidential one its id), the numbers of events, and moments.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.converter import DataConverter, WorkflowSerializationContext
from temporalio.service import RPCError, RPCStatusCode

from domain.base import Frozen
from domain.cases import Act, Opening, Reply
from domain.chain import canonical
from domain.entries import Entry, InvestigatorAppointed, SubjectCorrected
from domain.events import (
    AnyEvent,
    Approved,
    AskMoved,
    CaseCancelled,
    CaseEnded,
    DecisionDisputed,
    Extended,
    HoldReleased,
    PackChanged,
    Recorded,
    Rejected,
    RequestEdited,
    RequestWithdrawn,
    Returned,
)
from domain.names import WORKFLOW
from domain.round_entries import ClosureProposed, DraftReady, ReadingOpened
from domain.telling_entries import DULY
from store import queries
from store.confidential.tables import ConfidentialRow, TombstoneRow
from store.database import Database
from store.keys import CaseKeyMissingError, CaseKeys, SealBrokenError
from store.tables import CaseRow, EventRow

_AT_ONCE: Final = 8
_TEMPORAL_AT: Final = "%Y-%m-%d %H:%M:%S UTC"

_FOUND_OUT: Final = {"allegations", "replaces"}
"""What the case itself writes into a corrected subject."""


class Agreement(Frozen):
    """What came of comparing: how many cases and decisions, what does not agree, and of what nothing can be said.

    `gone` are cases that Temporal has no more, `partly` those of which it has the later part only, `erased` those that
    nobody can read any more, `unread` those whose key is not here.
    """

    cases: int = 0
    decisions: int = 0
    gone: int = 0
    partly: int = 0
    erased: int = 0
    unread: int = 0
    faults: tuple[str, ...] = ()


class Decided(NamedTuple):
    """Something that was decided, by all that tells it from anything else: its kind, and what it says."""

    kind: str
    says: str


class _Case(NamedTuple):
    id: str
    name: str
    is_open: bool
    closed_at: datetime | None = None


class _Taken(NamedTuple):
    """A decision that Temporal has: in which event of its history, when, and whether it should be on record by now."""

    decided: Decided
    event: int
    at: datetime
    recorded_by_now: bool


class _Kept(NamedTuple):
    """What Temporal has of a case: how many events its earliest run came after, and what was decided since."""

    since: int
    taken: tuple[_Taken, ...]


class _Looked(NamedTuple):
    """What came of one case."""

    decisions: int = 0
    says: str = ""
    faults: tuple[str, ...] = ()


class _UnreadableError(Exception):
    """Something that Temporal took in a case is none of Duly's."""


@dataclass(frozen=True)
class Reconciling:
    """Compares every case of the database with what Temporal has of it, ordinary and confidential ones alike."""

    db: Database
    keys: CaseKeys
    client: Client
    clock: Callable[[], datetime]
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def run(self, progress: Callable[[int, int], None] = lambda done, total: None) -> Agreement:
        """Return what came of it; `progress` is told how many cases are done, and of how many.

        Raises:
            RPCError: Temporal does not answer.
            SQLAlchemyError: the database does not answer.
        """
        async with self.db.read() as session:
            cases, erased = await _cases(session), await _erased(session)
        cases = [case for case in cases if case.id not in erased]
        # Temporal counts by its own clock: half of the time for which it keeps a case is in no doubt.
        forgotten = self.clock() - await _keeps(self.client) / 2
        looking = [asyncio.create_task(self._look_in_turn(case, forgotten)) for case in cases]
        looked = []
        try:
            for done, one in enumerate(asyncio.as_completed(looking), 1):
                looked.append(await one)
                progress(done, len(cases))
        finally:
            for task in looking:
                task.cancel()
        faults = [fault for one in looked for fault in one.faults]
        faults += [fault async for fault in self._only_in_temporal()]
        said = Counter(one.says for one in looked)
        return Agreement(
            cases=len(cases) - said["gone"] - said["unread"],
            decisions=sum(one.decisions for one in looked),
            gone=said["gone"],
            partly=said["partly"],
            erased=len(erased),
            unread=said["unread"],
            faults=tuple(sorted(faults)),
        )

    async def _look_in_turn(self, case: _Case, forgotten: datetime) -> _Looked:
        async with self._turns:
            looked = await self._look_at(case, forgotten)
            # What was decided between the two readings is on both sides the second time.
            return await self._look_at(case, forgotten) if looked.faults else looked

    async def _look_at(self, case: _Case, forgotten: datetime) -> _Looked:
        """Look at a case; one that ended before `forgotten` Temporal need not have any more."""
        try:
            before = await self._on_record(case.id)
            kept = await self._kept(case.id)
            if kept is None:
                return await self._gone(case, forgotten)
            after = await self._on_record(case.id)
        except (CaseKeyMissingError, SealBrokenError):
            return _Looked(says="unread")
        except queries.BrokenRecordError as broken:
            return _Looked(faults=(f"{case.name}: event {broken.n} cannot be read: see `duly audit verify`.",))
        except _UnreadableError:
            return _Looked(faults=(f"{case.name}: what Temporal has of it cannot be read.",))
        faults = (*_forged(case.name, before, kept), *_lost(case.name, after, kept))
        compared = sum(said.n > kept.since for said, _ in before)
        return _Looked(compared, "partly" if kept.since else "", faults)

    async def _gone(self, case: _Case, forgotten: datetime) -> _Looked:
        """Return what is to be said of a case that Temporal does not have: one that goes on cannot have left it."""
        if case.is_open and await self._is_open(case.id):
            return _Looked(faults=(f"{case.name}: it is open on the record, and Temporal does not have it.",))
        if case.closed_at is not None and case.closed_at > forgotten:
            return _Looked(faults=(f"{case.name}: it ended lately, and Temporal does not have it any more.",))
        return _Looked(says="gone")

    async def _is_open(self, case: str) -> bool:
        async with self.db.read() as session:
            return any(one.id == case and one.is_open for one in await _cases(session))

    async def _on_record(self, case: str) -> list[tuple[Recorded, Decided]]:
        """Return the decisions on record of a case, each with its event."""
        async with self.db.read() as session:
            return decisions_of(await queries.history(session, self.keys, case))

    async def _kept(self, case: str) -> _Kept | None:
        """Return what Temporal has of a case, from the earliest of its runs that is still there; None for nothing."""
        converter = self.client.data_converter.with_context(WorkflowSerializationContext(self.client.namespace, case))
        since, taken = 0, list[_Taken]()
        any_run, is_latest = False, True
        async for events in _runs(self.client, case):
            opening = await _opening(converter, events)
            since, answered = opening.events, frozenset(one.digest for one in opening.replied)
            taken += [one async for one in _taken(converter, events, answered, all_by_now=not is_latest)]
            any_run, is_latest = True, False
        return _Kept(since, tuple(taken)) if any_run else None

    async def _only_in_temporal(self) -> AsyncIterator[str]:
        """Yield what is to be said of cases that Temporal has and the record has not."""
        there = [one.id async for one in self.client.list_workflows(f"WorkflowType = '{WORKFLOW}'")]
        async with self.db.read() as session:
            known = {case.id for case in await _cases(session)} | await _erased(session)
        for case in sorted(set(there) - known):
            async for events in _runs(self.client, case):
                if _recorded_turn(events):
                    yield f"{case}: Temporal has this case, and the record does not."
                    break


def decisions_of(history: Sequence[Recorded]) -> list[tuple[Recorded, Decided]]:
    """Return the decisions that people took in a case while it ran, by its history, each with its event."""
    return [
        (said, decided)
        for place, said in enumerate(history)
        if (decided := decided_by(said.event)) is not None
        and not _came_along(history[: place + 1])
        and not _came_by_itself(history[: place + 1])
        and not _came_after_the_end(history[: place + 1])
    ]


def decided_by(event: AnyEvent) -> Decided | None:
    """Return what an event decides; None for what no person decided.

    That is every answer, entry and change, a withdrawal, a cancelling, a dispute and how it was settled, that somebody
    stepped aside, was named in another's place, or was given more time, that a case was moved to another pack, and that
    somebody opened what is to be read before they sign.
    """
    match event:
        case Approved() | Returned() | Rejected():
            return _decided(event)
        case SubjectCorrected():
            return _decided(event, leave_out=_FOUND_OUT)
        case Entry():
            return _decided(event)
        case RequestEdited():
            return Decided(event.kind, f"{event.by} {event.edition} {_text(event.answers)} {event.title}")
        case RequestWithdrawn() | CaseCancelled():
            return Decided(event.kind, event.by)
        case DecisionDisputed():
            return Decided(event.kind, f"{event.by} {event.ask}")
        case HoldReleased():
            return Decided(event.kind, f"{event.by} {event.ask} {event.stands}")
        case ReadingOpened():
            return Decided(event.kind, f"{event.by} {event.reading}")
        case AskMoved(why="reassigned"):
            return Decided("reassigned", f"{event.by} {event.ask} {event.named} {event.comment}")
        case AskMoved(why="stepped_aside"):
            return Decided("stepped_aside", f"{event.by} {event.comment}")
        case Extended(by=str()):
            return Decided(event.kind, f"{event.by} {event.ask} {event.days} {event.comment}")
        case PackChanged():
            return Decided(event.kind, f"{event.by} {event.new} {event.comment}")
        case _:
            return None


def _came_along(history: Sequence[Recorded]) -> bool:
    """Return whether the latest event only says more of what was decided at that moment.

    Whoever steps aside may do so from several asks at once, and another investigator is asked in place of the first.
    """
    said = history[-1]
    if not isinstance(said.event, AskMoved):
        return False
    together = [one.event for one in history[:-1] if one.at == said.at]
    if said.event.why == "stepped_aside":
        return any(isinstance(one, AskMoved) and decided_by(one) == decided_by(said.event) for one in together)
    return any(isinstance(one, InvestigatorAppointed) and one.by == said.event.by for one in together)


def _came_by_itself(history: Sequence[Recorded]) -> bool:
    """Return whether the latest event is a change that no person made: a draft that was recorded, or a closing early.

    It says what the event says out of which it came, and nothing else.
    """
    event = history[-1].event
    if not isinstance(event, RequestEdited):
        return False
    before = history[-2].event if len(history) > 1 else None
    if isinstance(before, ClosureProposed):
        on = before.on.isoformat()
        return (event.by, event.changed, event.answers.get("closure_date")) == (DULY, ("closure_date",), on)
    draft = next((said.event for said in reversed(history) if isinstance(said.event, DraftReady)), None)
    if draft is None:
        return False
    drafted = (draft.by, draft.version, draft.what_changed, draft.text)
    return (event.by, *map(event.answers.get, ("new_version", "what_changed", "text"))) == drafted


def _came_after_the_end(history: Sequence[Recorded]) -> bool:
    """Return whether the latest event is a dispute, or how it was settled, that the record took once its case was over.

    No workflow runs any more then, so that checkpoints alone speak of it.
    """
    is_dispute = isinstance(history[-1].event, DecisionDisputed | HoldReleased)
    return is_dispute and any(isinstance(said.event, CaseEnded) for said in history)


def taken_by(act: Act, reply: Reply) -> Decided | None:
    """Return what an act decided, by what the case said to it; None where it decided nothing."""
    if reply.says != "done":
        return None
    match act.kind:
        case "answer":
            return decided_by(reply.decision) if reply.decision is not None else None
        case "record" if act.entry is not None:
            return decided_by(act.entry.model_copy(update={"by": act.person, "how": act.how}))
        case "edit" if act.request is not None:
            answers, title = _text(act.request.answers), act.request.title
            return Decided("request_edited", f"{act.person} {(act.version or 0) + 1} {answers} {title}")
        case "withdraw":
            return Decided("request_withdrawn", act.person)
        case "cancel":
            return Decided("case_cancelled", act.person)
        case "dispute":
            return Decided("decision_disputed", f"{act.person} {act.ask}")
        case "release":
            return Decided("hold_released", f"{act.person} {act.ask} {act.stands}")
        case "open":
            return Decided("reading_opened", f"{act.person} {act.reading}")
        case "reassign":
            return Decided("reassigned", f"{act.person} {act.ask} {act.to} {act.comment}")
        case "step_aside":
            return Decided("stepped_aside", f"{act.person} {act.comment}")
        case "extend":
            return Decided("extended", f"{act.person} {act.ask} {act.days} {act.comment}")
        case "move_on" if act.pack is not None:
            return Decided("pack_changed", f"{act.person} {act.pack.pack_digest} {act.comment}")
        case _:
            return None


def _decided(event: AnyEvent, leave_out: Iterable[str] = ()) -> Decided:
    return Decided(event.kind, canonical(event.model_dump(mode="json", exclude=set(leave_out))))


def _text(answers: Any) -> str:  # noqa: ANN401 -- the answers of a form
    return json.dumps(answers, sort_keys=True, ensure_ascii=False)


def _forged(name: str, on_record: Sequence[tuple[Recorded, Decided]], kept: _Kept) -> Iterator[str]:
    """Yield what is on record of the time that Temporal knows, and was never done."""
    done = Counter(one.decided for one in kept.taken)
    for said, decided in on_record:
        if said.n <= kept.since:
            continue
        if done[decided]:
            done[decided] -= 1
        else:
            yield f"{name}: event {said.n} is a decision that Temporal does not know."


def _lost(name: str, on_record: Sequence[tuple[Recorded, Decided]], kept: _Kept) -> Iterator[str]:
    """Yield what was done and is not on record, though it should be by now."""
    there = Counter(decided for said, decided in on_record if said.n > kept.since)
    said_once: set[Decided] = set()
    for one in sorted(kept.taken, key=lambda one: not one.recorded_by_now):
        if one.decided.kind == "decision_disputed" and one.decided in said_once:
            # Whoever says it twice is answered the same, and it is on record once.
            continue
        said_once.add(one.decided)
        if there[one.decided]:
            there[one.decided] -= 1
        elif one.recorded_by_now:
            at = one.at.strftime(_TEMPORAL_AT)
            yield f"{name}: the decision of {at} (event {one.event} in Temporal) is not on the record."


async def _runs(client: Client, case: str) -> AsyncIterator[Sequence[HistoryEvent]]:
    """Yield the history of each run of a case that Temporal still has, the latest first."""
    run: str | None = None
    while True:
        try:
            history = await client.get_workflow_handle(case, run_id=run).fetch_history()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return
            raise
        yield history.events
        run = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
        if not run:
            return


async def _keeps(client: Client) -> timedelta:
    """Return for how long Temporal keeps cases that ended."""
    about = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return about.config.workflow_execution_retention_ttl.ToTimedelta()


async def _opening(converter: DataConverter, events: Sequence[HistoryEvent]) -> Opening:
    """Return with what a run began."""
    [opening] = await _read(converter, events[0].workflow_execution_started_event_attributes.input.payloads, Opening)
    return Opening.model_validate(opening)


async def _taken(
    converter: DataConverter, events: Sequence[HistoryEvent], answered: frozenset[str], *, all_by_now: bool
) -> AsyncIterator[_Taken]:
    """Yield what was decided in a run. Where that run goes on, its last turns may not be on record yet.

    What was `answered` in a run before, by the digests of the acts, is answered once more and decides nothing.
    """
    recorded, turn, accepted = _recorded_turn(events), 0, dict[int, HistoryEvent]()
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            turn += 1
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
            accepted[event.event_id] = event
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
            done = event.workflow_execution_update_completed_event_attributes
            asked = accepted.pop(done.accepted_event_id, None)
            if asked is None or not done.outcome.HasField("success"):
                continue
            request = asked.workflow_execution_update_accepted_event_attributes.accepted_request
            [act] = await _read(converter, request.input.args.payloads, Act)
            [reply] = await _read(converter, done.outcome.success.payloads, Reply)
            decided = taken_by(act, reply) if act.digest not in answered else None
            if decided is not None:
                at = event.event_time.ToDatetime(UTC)
                yield _Taken(decided, event.event_id, at, all_by_now or turn <= recorded)


def _recorded_turn(events: Sequence[HistoryEvent]) -> int:
    """Return the last turn of a run all of which is on record: what it said was taken by the activity; 0 for none."""
    turn, recorded = 0, 0
    begun: dict[int, int] = {}
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            turn += 1
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            begun[event.event_id] = turn
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            done = event.activity_task_completed_event_attributes
            recorded = max(recorded, begun.get(done.scheduled_event_id, 0))
    return recorded


async def _read(converter: DataConverter, payloads: Sequence[Any], kind: type[Any]) -> list[Any]:
    """Return what payloads hold, one value of `kind`.

    Raises:
        CaseKeyMissingError: the key of the case is not here.
        _UnreadableError: it is something else, or was not sealed for this case.
    """
    try:
        found = await converter.decode(payloads, [kind])
    except (CaseKeyMissingError, SealBrokenError):
        raise
    except Exception as error:
        raise _UnreadableError from error
    if len(found) != 1:
        raise _UnreadableError
    return found


async def _cases(session: AsyncSession) -> list[_Case]:
    """Return every case that there is anything on record of."""
    found: dict[str, _Case] = {}
    for case in await session.scalars(select(col(EventRow.case)).distinct()):
        found[case] = _Case(case, case, is_open=False)
    open_ones = select(col(ConfidentialRow.id), col(ConfidentialRow.closed_at))
    for case, closed_at in (await session.execute(open_ones)).all():
        found[case] = _Case(case, case, closed_at is None, closed_at)
    ordinary = select(col(CaseRow.id), col(CaseRow.reference), col(CaseRow.closed_at))
    for case, reference, closed_at in (await session.execute(ordinary)).all():
        found[case] = _Case(case, reference, closed_at is None, closed_at)
    return sorted(found.values(), key=lambda case: case.name)


async def _erased(session: AsyncSession) -> set[str]:
    return set((await session.scalars(select(col(TombstoneRow.case)))).all())
