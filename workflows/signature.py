"""One person reads and signs one version of a document."""

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from domain.calendar import due_on, local_day, morning_of
from domain.cases import Opening
from domain.chasing import told_in_turn, told_next
from domain.pack import Campaign
from domain.round_entries import DocumentSigned, SignatureCalledOff, SignatureChased
from workflows.case import Case
from workflows.since import TOLD_IN_TURN

_CHASED: Final = "unsigned"


class SignatureOutcome(StrEnum):
    """How it ended."""

    SIGNED = "signed"
    DECLINED = "declined"
    CALLED_OFF = "called_off"


class Signing:
    """Ask one person to sign, and tell those who see to them when they have not in time; nobody signs for them.

    Source: Redhill 5 and appendix 1; Cadmus, last page (ACK-01, ACK-05, ACK-08).
    """

    async def run(self, case: Case, opening: Opening) -> SignatureOutcome:
        """Return how it ended."""
        process, wanted = opening.process, opening.request.answers
        signer = str(wanted["signer"])
        if process.campaign is not None and process.campaign.chase:
            case.alongside(_chase(case, process.campaign))
        answer = await case.sign(process.steps[0], signer)
        if not answer.approves:
            called_off = case.count(SignatureCalledOff) > 0
            return SignatureOutcome.CALLED_OFF if called_off else SignatureOutcome.DECLINED
        case.record(
            DocumentSigned(
                by=signer,
                document=str(wanted["document"]),
                version=str(wanted["version"]),
                digest=str(wanted["digest"]),
            )
        )
        return SignatureOutcome.SIGNED


async def _chase(case: Case, campaign: Campaign) -> None:
    """Tell those who see to somebody that they have not signed in time, one after the other (ACK-05).

    Then all of them are told again and again, for as long as the case lasts: until somebody has signed or said that
    they do not, left, or the campaign is over.
    """
    if not case.since(TOLD_IN_TURN):
        await _chase_once(case, campaign)
        return
    turns = told_in_turn(campaign, case.opening.seats, case.request.answers)
    last: date | None = None
    turn = 0
    while turns:
        await case.until(_next(case, campaign, last, turn, len(turns)))
        to = turns[turn : turn + 1] or turns
        case.record(SignatureChased(to=to))
        case.tell(_CHASED, *to)
        last, turn = local_day(case.now()), min(turn + 1, len(turns))


def _next(case: Case, campaign: Campaign, last: date | None, turn: int, turns: int) -> Callable[[], datetime | None]:
    """Return what says when somebody is told next: by the calendar and the clocks as they are then.

    Nobody is while an answer is under question, for then nothing is asked.
    """

    def at() -> datetime | None:
        step, asked = case.opening.process.steps[0], case.open_asks()
        if not asked:
            return None
        return told_next(campaign, step, asked[0].due, case.opening.calendar, last, turn, turns)

    return at


async def _chase_once(case: Case, campaign: Campaign) -> None:
    """Tell all of them at once, as a signature that began before does."""
    asked = local_day(case.now())
    # By the calendar as it is then.
    await case.until(lambda: morning_of(due_on(asked, campaign.chase_on, case.opening.calendar)))
    case.record(SignatureChased(to=campaign.chase))
    case.tell(_CHASED, *campaign.chase)
