"""The picture in docs/processes, drawn as every case's own page draws it: `python -m tests.process_pictures`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import packs
import templates
from domain.calendar import due_on, end_of
from domain.cases import Opening, Request
from domain.events import AnyEvent, Approved, AskOpened, Recorded, RequestSubmitted, Signature
from domain.picture import draw, stages_of

ROOT: Final = Path(__file__).parents[1]
PICTURE: Final = ROOT / "docs" / "processes" / "site-creation.svg"

_NAMES: Final = {"priya": "Priya Shah", "tom": "Tom Fielding"}
_SENT: Final = datetime(2026, 11, 23, 15, 40, tzinfo=UTC)
_DECIDED: Final = datetime(2026, 11, 25, 9, 5, tzinfo=UTC)


def picture() -> str:
    """Return the picture of a Cadmus request that the line manager approved and that waits for the next answer."""
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
    first = opening.process.steps[0]
    approved = Approved(
        ask="a1",
        step=first.key,
        seat=first.seats[0],
        by="tom",
        how="link",
        version=1,
        opened_at=_DECIDED,
        signature=Signature(name="Tom Fielding", attestation=first.attestation),
    )
    said: tuple[tuple[datetime, AnyEvent], ...] = (
        (_SENT, RequestSubmitted(by="priya", author="priya", version=1, answers={})),
        (_SENT, _asked(opening, 0, _SENT)),
        (_DECIDED, approved),
        (_DECIDED, _asked(opening, 1, _DECIDED)),
    )
    return tuple(Recorded(n=n, at=at, event=event) for n, (at, event) in enumerate(said, 1))


def _asked(opening: Opening, place: int, at: datetime) -> AskOpened:
    step = opening.process.steps[place]
    due = end_of(due_on(at.date(), step.answer_within, opening.calendar))
    return AskOpened(ask=f"a{place + 1}", step=step.key, seat=step.seats[0], ladder=step.seats, due=due, version=1)


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
