"""Running cases and the packs that they go by: what a new pack would change for each, and moving one on to it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import packs
from domain.cases import Act, Opening, Standing, taken_from
from domain.events import Recorded
from domain.pack import Pack
from domain.pack_changes import if_moved
from domain.people import Directory, Person
from domain.text import fold_email
from starter.web.site import Cases
from store import finding, people, queries
from store import packs as kept_packs
from store.database import Database
from store.keys import CaseKeys

_NOT_MOVED: Final = {
    "unchanged": "It goes by this pack already.",
    "held": "An answer is disputed. An administrator settles that first.",
    "closed": "It has ended.",
    "not_offered": "It cannot be moved on, or not by somebody who sent it, is asked or decided in it.",
}
"""Why a case was not moved, by what it said itself."""


class NotAnAdministratorError(ValueError):
    """Whoever is named to move a case on is no administrator of its organisation; nothing was moved."""


@dataclass(frozen=True)
class RunningCase:
    """A case that has not ended, with the pack that it goes by."""

    reference: str
    pack: Pack
    opening: Opening
    standing: Standing
    history: tuple[Recorded, ...]

    @property
    def stands_at(self) -> str:
        """Return in words which steps wait for an answer."""
        steps = dict.fromkeys(ask.step for ask in self.standing.asks)
        titles = [step.title for key in steps if (step := self.opening.process.clocks(key))]
        return " and ".join(titles) or "its last decision, which can still be disputed"

    def if_moved(self, new: Pack) -> tuple[str, ...]:
        """Return what would be different for the case under `new`, a line for each difference."""
        return if_moved(self.pack, new, self.opening, self.standing, self.history)


async def running_cases(db: Database, keys: CaseKeys, organisation: str) -> list[RunningCase]:
    """Return every case of `organisation` that has not ended, newest first."""
    found: list[RunningCase] = []
    after: finding.Place | None = None
    while True:
        async with db.read() as session:
            page = await finding.find(session, organisation, finding.Wanted(state="open"), after=after)
            for row in page.cases:
                opening = await queries.opening_of(session, keys, row)
                found.append(
                    RunningCase(
                        reference=row.reference,
                        pack=await kept_packs.pack_of(session, opening.pack_digest),
                        opening=opening,
                        standing=await queries.standing_of(session, keys, row),
                        history=await queries.history(session, keys, row.id),
                    )
                )
        after = page.onward
        if after is None:
            return found


async def move(
    db: Database, engine: Cases, offered: Mapping[str, Pack], reference: str, *, by: str, why: str, on: date
) -> str:
    """Move the case of `reference` on to the pack that is `offered`, and return why it could not be; "" where it was.

    It is on record as done by the administrator who has the address `by`.

    Raises:
        EngineLostError: nothing is known to have happened, and the same may be tried again.
        NotAnAdministratorError: `by` is nobody who is an administrator of its organisation `on` that day.
    """
    async with db.write() as session:
        case = await queries.case_by_reference(session, reference)
        if case is None:
            return "There is no request of that reference."
        pack = offered.get(case.organisation)
        process = pack.process(case.process) if pack else None
        if pack is None or process is None:
            return "The pack that Duly has now does not offer its process."
        mover = _administrator(await people.directory(session, case.organisation), by, on)
        await kept_packs.keep(session, pack)
    taken = taken_from(pack, process, packs.expand(pack.calendar, case.opened_at.year))
    # A case may come back to a pack that it went by before: the same words, another occasion.
    occasion = secrets.token_hex(8)
    act = Act(kind="move_on", person=mover.id, how="duly", comment=why, pack=taken, occasion=occasion)
    reply = await engine.act(case.id, act)
    return "" if reply.says == "done" else _NOT_MOVED.get(reply.says, "Its pack forbids it.")


def _administrator(directory: Directory, address: str, on: date) -> Person:
    """Return the administrator who has `address`.

    Raises:
        NotAnAdministratorError: nobody who has it is one `on` that day.
    """
    folded = fold_email(address)
    for person in directory.people:
        if person.administrator and person.is_active(on) and fold_email(person.email) == folded:
            return person
    msg = f"--by should be the address of an administrator who is here now, and {address} is not; nothing was moved"
    raise NotAnAdministratorError(msg)
