"""Whether the LADO's advice on record clears a disciplinary case to begin, or a held one to go on."""

from collections.abc import Iterable, Sequence
from typing import Final

from domain.allegations import Clearance, Permit
from domain.entries import LadoAdviceRecorded, SubjectCorrected
from domain.events import AnyEvent

_PERMIT: Final[Permit] = "open_disciplinary"


def clearing(past: Sequence[AnyEvent]) -> dict[str, int]:
    """Return the allegations whose latest advice permits a disciplinary case, each with the number of that advice.

    Source: Cadmus 10.1 (ALLEG-04).
    """
    latest: dict[str, tuple[int, LadoAdviceRecorded]] = {}
    for n, event in enumerate(past, 1):
        if isinstance(event, LadoAdviceRecorded):
            latest |= dict.fromkeys(event.allegations, (n, event))
        elif isinstance(event, SubjectCorrected) and event.replaces:
            latest = {key: found for key, found in latest.items() if key not in event.allegations}
    return {key: n for key, (n, advice) in latest.items() if _PERMIT in advice.permits}


def clears(clearance: Clearance, past: Sequence[AnyEvent], about: Iterable[str]) -> bool:
    """Return whether the advice that `clearance` names is the latest about each of its allegations, and permits it.

    `past` is what happened in the case of the advice. Each allegation of `about` needs an advice that permits it too.
    """
    permitted = clearing(past)
    return (
        bool(clearance.allegations)
        and all(permitted.get(key) == clearance.n for key in clearance.allegations)
        and permitted.keys() >= set(about)
    )
