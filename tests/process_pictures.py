"""The picture in docs/processes, drawn as every case's own page draws it: `python -m tests.process_pictures`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import packs
import templates
from domain.calendar import due_on, end_of
from domain.cases import Opening, Request
from domain.events import (
    AnyEvent,
    Approved,
    AskOpened,
    Recorded,
    RequestEdited,
    RequestSubmitted,
    Returned,
    Signature,
)
from domain.picture import draw, stages_of

ROOT: Final = Path(__file__).parents[1]
PICTURE: Final = ROOT / "docs" / "processes" / "site-creation.svg"

_NAMES: Final = {"priya": "Priya Shah", "tom": "Tom Fielding", "grace": "Grace Okoro"}
_SENT: Final = datetime(2026, 11, 23, 15, 40, tzinfo=UTC)
_RETURNED: Final = datetime(2026, 11, 25, 9, 5, tzinfo=UTC)
_CHANGED: Final = datetime(2026, 11, 26, 16, 20, tzinfo=UTC)
_APPROVED: Final = datetime(2026, 11, 27, 8, 50, tzinfo=UTC)


def picture() -> str:
    """Return the picture of a Cadmus request that was returned once, changed, and is being decided again."""
    pack = packs.load(ROOT / "packs" / "cadmus")
    process = pack.process("site_creation")
    assert process is not None
    opening = Opening(
        case="c-1",
        reference="K7QM-4TXR",
        organisation=pack.organisation.key,
        school=pack.organisation.schools[0].key,
        pack_digest="",
        process=process,
        seats=pack.seats,
        calendar=packs.expand(pack.calendar, _SENT.year),
        request=Request(title="Year 6 Science Club", starter="priya", author="priya", answers={}),
    )
    drawn = draw(stages_of(opening, _history(opening), _NAMES), "A request to create a site, while it is being decided")
    svg = templates.page("picture.svg.html", picture=drawn)
    # A page around it may be dark.
    return svg.replace("</desc>", '</desc>\n  <rect width="100%" height="100%" fill="#ffffff"/>', 1).strip() + "\n"


def _history(opening: Opening) -> tuple[Recorded, ...]:
    changed = RequestEdited(
        by="priya",
        author="priya",
        version=2,
        edition=2,
        material=True,
        changed=("aims",),
        title=opening.request.title,
        answers={},
    )
    said: tuple[tuple[datetime, AnyEvent], ...] = (
        (_SENT, RequestSubmitted(by="priya", author="priya", version=1, answers={})),
        (_SENT, _asked(opening, 1, 0, _SENT)),
        (_RETURNED, Approved.model_validate(_answer(opening, 1, 0, "tom"))),
        (_RETURNED, _asked(opening, 1, 1, _RETURNED)),
        (_RETURNED, Returned.model_validate(_answer(opening, 1, 1, "grace"))),
        (_CHANGED, changed),
        (_CHANGED, _asked(opening, 2, 0, _CHANGED)),
        (_APPROVED, Approved.model_validate(_answer(opening, 2, 0, "tom"))),
        (_APPROVED, _asked(opening, 2, 1, _APPROVED)),
    )
    return tuple(Recorded(n=n, at=at, event=event) for n, (at, event) in enumerate(said, 1))


def _asked(opening: Opening, version: int, place: int, at: datetime) -> AskOpened:
    step = opening.process.steps[place]
    due = end_of(due_on(at.date(), step.answer_within, opening.calendar))
    ask = f"v{version}-{step.key}"
    return AskOpened(ask=ask, step=step.key, seat=step.seats[0], ladder=step.seats, due=due, version=version)


def _answer(opening: Opening, version: int, place: int, by: str) -> dict[str, object]:
    step = opening.process.steps[place]
    return {
        "ask": f"v{version}-{step.key}",
        "step": step.key,
        "seat": step.seats[0],
        "by": by,
        "how": "link",
        "version": version,
        "opened_at": _SENT,
        "signature": Signature(name=_NAMES[by], attestation=step.attestation),
        "comment": "Say more of the aims.",
    }


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
