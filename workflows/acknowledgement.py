"""An acknowledgement: everybody in its audience reads and signs one version of a document."""

from enum import StrEnum
from typing import Final, Literal

from domain.cases import Opening, Request, Roll, RollCount
from domain.events import Rejected
from domain.pack import Campaign, Process, Step
from domain.round_entries import CampaignBegan, CampaignClosed, CampaignSuperseded, RollCalled
from workflows.case import Case
from workflows.rounds import BY_RIGHT
from workflows.since import REFUSED, TOLD_IN_TURN

SIGNATURE: Final = "signature"
"""The process, of no pack, in which one person signs."""
_COUNTERSIGNED: Final = "countersigned"
"""What says in the request of a campaign that began again by 0.5.0 under which words the seat has answered."""
_APART: Final = "apart"
"""What names in the same request those who decide nothing in it: they stepped aside, or intervened."""

_MOST_CALLS: Final = 200
"""A case that has called its roll so often begins again, so that its history stays short."""

_MOST_ACTS: Final = 1000
"""So does one that has taken so many acts, the signatures of visitors among them: Temporal takes no more than 2000."""


class CampaignOutcome(StrEnum):
    """How an acknowledgement ended."""

    CLOSED = "closed"
    SUPERSEDED = "superseded"


class Acknowledgement:
    """Ask everybody, each in a case of their own, for as long as the version is in force.

    It keeps counts, and nobody's name: who came and who left is looked up each time that its roll is called. The first
    time, so are the visitors of the campaign before who are still here: they are expected to sign this version too.

    Where the pack has a seat sign too, it is asked beside everybody else, and holds up nobody.

    Source: Redhill 1, 5 and appendix 1; Cadmus 12.1 and its last page; Societas 3.2 (ACK-01 to ACK-08, ACK-15, ACK-21).
    """

    async def run(self, case: Case, opening: Opening) -> str:
        """Return how it ended, or that it goes on."""
        campaign, request = opening.process.campaign, opening.request
        if campaign is None:
            return CampaignOutcome.CLOSED
        apart = request.answers.get(_APART)
        case.set_apart |= frozenset(apart if isinstance(apart, tuple) else ())
        if opening.events == 0:
            case.record(
                CampaignBegan(
                    document=str(request.answers["document"]),
                    title=request.title,
                    version=str(request.answers["version"]),
                    digest=str(request.answers["digest"]),
                    audience=tuple(campaign.audience),
                )
            )
        case.accept(("campaign_closed", *_by_right(campaign)), (BY_RIGHT,))
        if opening.process.countersignature is not None:
            case.alongside(_countersigned(case, request))
        counted = RollCount()
        visitors = opening.events == 0 and campaign.visitors and case.since(TOLD_IN_TURN)
        while True:
            calls, over = case.calls, _over(case)
            called = await case.call(_roll(case.opening, campaign, over, visitors))
            for visitor in called.visitors:
                case.record(visitor)
            called, visitors = called.model_copy(update={"visitors": ()}), False
            if called != counted:
                counted = called
                case.record(RollCalled(**called.model_dump(exclude={"more", "visitors"})))
            if over is not None:
                return CampaignOutcome(over)
            # What was recorded while the roll was called, the case that begins again would not know of.
            if _is_long(case) and _over(case) is None:
                case.ask_no_more()
                return case.go_on(request, request, frozenset(), {})
            await case.once(lambda calls=calls: case.calls > calls or _over(case) is not None or _is_long(case))  # type: ignore[misc]


async def _countersigned(case: Case, request: Request) -> None:
    """Ask a seat once for its own signature under the version, and hold up nobody else's (Cadmus, last page: ACK-02).

    It is asked again where an administrator found its answer to be void, or the case was moved on to other words: those
    that it is shown are those that it signs.
    """

    def unsigned() -> Step | None:
        step = case.opening.process.countersignature
        if step is None or request.answers.get(_COUNTERSIGNED) == step.signed:
            return None
        return None if _has_refused(case, step) or case.has_approved(step, step.seats[0]) else step

    goes_on = True
    while goes_on:
        await case.once(lambda: unsigned() is not None)
        step = unsigned()
        if step is not None:
            answered = (await case.ask(step)).goes_on
            goes_on = answered or (_has_refused(case, step) and case.since(REFUSED))


def _has_refused(case: Case, step: Step) -> bool:
    """Return whether a seat said that it does not sign, and nobody found that to be void."""
    answers = (ask for ask in case.asks.values() if ask.step.key == step.key and ask.id not in case.void)
    return any(isinstance(ask.decision, Rejected) for ask in answers)


def _by_right(campaign: Campaign) -> tuple[str, ...]:
    """Return what else those who see to it may put on record."""
    visitors = ("visitor_expected", "visitor_signed") if campaign.visitors else ()
    return (*visitors, *(("training_attended",) if campaign.trainings else ()))


def _is_long(case: Case) -> bool:
    """Return whether it is time to begin again: near what one run can take, with no answer under question."""
    return (case.calls >= _MOST_CALLS or case.taken >= _MOST_ACTS) and not case.disputed


def _over(case: Case) -> Literal["superseded", "closed"] | None:
    """Return why nobody has to sign any more, or None where they have."""
    if case.count(CampaignSuperseded):
        return "superseded"
    return "closed" if case.count(CampaignClosed) else None


def _roll(opening: Opening, begun: Campaign, over: Literal["superseded", "closed"] | None, visitors: bool) -> Roll:
    """Return whom to ask for what by the pack that the campaign goes by now; it `begun` by another, perhaps."""
    answers = {key: said for key, said in opening.request.answers.items() if key not in {_COUNTERSIGNED, _APART}}
    request = opening.request.model_copy(update={"answers": answers})
    audience = (opening.process.campaign or begun).audience
    return Roll(process=signing(opening.process), request=request, audience=audience, over=over, visitors=visitors)


def signing(process: Process) -> Process:
    """Return the process in which one person signs: the one step of the acknowledgement, and nothing else."""
    alone = {"key": SIGNATURE, "story": "signature", "steps": process.steps[:1]}
    return process.model_copy(update={**alone, "rules": (), "notices": (), "tasks": ()})
