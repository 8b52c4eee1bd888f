"""Where a case stands: what everybody who looks at it is told of it."""

from typing import TYPE_CHECKING

from domain.cases import Standing
from workflows import clockwork

if TYPE_CHECKING:
    from workflows.case import Case


def of(case: "Case") -> Standing:
    """Return where `case` stands."""
    coming = clockwork.next_to_come(case)
    return Standing(
        outcome=case.outcome,
        asks=tuple(ask.standing() for ask in case.open_asks()),
        offers=(*case.offers, *(("edit",) if _may_be_edited(case) else ())),
        next_at=coming[0] if coming else None,
        next_does=coming[2] if coming else None,
        next_ask=coming[1] if coming else None,
        disputed=case.disputed,
        held_at=case.held_at,
        request=case.request if case.request.edition > 1 else None,
        recused=tuple(sorted(case.recused)),
        told=case.route.told if case.route else (),
        managing=managing.id if (managing := case.managing()) else None,
        dates=case.dates() if case.dates is not None else None,
        accepts=() if case.opening.process.confidential else tuple(case.accepts),
    )


def _may_be_edited(case: "Case") -> bool:
    """Return whether the author may change the request now."""
    return case.opening.process.changes is not None and case.outcome is None and not case.disputed
