"""Which answers still count: of an earlier form, disputed, or under words that nobody would sign any more, they do not.

The case judges by the same rules while it runs; this reads them off what is on record.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from domain.cases import Opening
from domain.events import (
    AnyEvent,
    Approved,
    AskOpened,
    CaseEnded,
    Confirmed,
    HoldReleased,
    PackChanged,
    Rejected,
    RequestEdited,
    Returned,
)
from domain.order import standing
from domain.pack import Process, Step
from domain.round_entries import ChangeTurnedDown, SiteChanged

Earlier = Mapping[str, Process]
"""The process as it was under packs that a case went by before, by their digests."""


RESTS_ON_ANSWERS: Final = frozenset({"approved", "rejected", "signed", "declined"})
"""How a case ends by what somebody answered."""


def counting(opening: Opening, events: Sequence[AnyEvent], earlier: Earlier) -> frozenset[str]:
    """Return the asks whose answers count, under the pack that the case of `opening` goes by now.

    Of a pack that is not in `earlier` it is known which words were signed, and which confirmations were given, but not
    how those read.
    """
    version = max((event.version for event in events if isinstance(event, RequestEdited)), default=1)
    decided = max((one.version for one in events if isinstance(one, SiteChanged | ChangeTurnedDown)), default=0)
    asked_under = _asked_under(opening.process, events, earlier)
    return frozenset(
        event.ask
        for event in standing(events)
        if isinstance(event, Approved | Returned | Rejected)
        and (
            event.version >= version
            or (isinstance(event, Approved) and event.version > decided and _is_before(opening.process, event.step))
        )
        and (not isinstance(event, Approved) or _signs_the_same(opening.process, event, events, asked_under))
    )


def void_afterwards(events: Sequence[AnyEvent]) -> bool:
    """Return whether an answer was found to be void after the case had ended by it."""
    ended = next((n for n, event in enumerate(events) if isinstance(event, CaseEnded)), len(events))
    return any(isinstance(event, HoldReleased) and not event.stands for event in events[ended:])


def _is_before(process: Process, step: str) -> bool:
    """Return whether `step` comes before that at which a changed request begins again."""
    keys, changes = [one.key for one in process.steps], process.changes
    return changes is not None and step in keys and changes.back_to in keys[keys.index(step) + 1 :]


def _asked_under(process: Process, events: Sequence[AnyEvent], earlier: Earlier) -> dict[str, Process | None]:
    """Return the process as it was when each ask was opened; None where its pack is not known any more."""
    under: dict[str, Process | None] = {}
    now: Process | None = process
    for event in reversed(events):
        if isinstance(event, PackChanged):
            now = earlier.get(event.old)
        elif isinstance(event, AskOpened):
            under[event.ask] = now
    return under


def _signs_the_same(
    process: Process, approved: Approved, events: Sequence[AnyEvent], asked_under: Mapping[str, Process | None]
) -> bool:
    """Return whether a step is there still, and is approved with the words under which it was."""
    step = process.step(approved.step)
    if step is None:
        return False
    before = asked_under.get(approved.ask, process)
    if before is not None:
        return _signed(before.step(approved.step)) == step.signed
    confirmed = {one.confirmation for one in events if isinstance(one, Confirmed) and one.ask == approved.ask}
    return approved.signature.attestation == step.attestation and confirmed == {one.key for one in step.confirmations}


def _signed(step: Step | None) -> tuple[str, ...]:
    return step.signed if step is not None else ()
