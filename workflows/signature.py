"""One person reads and signs one version of a document."""

from enum import StrEnum

from domain.calendar import due_on, local_day, morning_of
from domain.cases import Opening
from domain.pack import Campaign
from domain.round_entries import DocumentSigned, SignatureCalledOff, SignatureChased
from workflows.case import Case


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
    """Tell those who see to somebody that they have not signed in time (ACK-05)."""
    asked = local_day(case.now())
    # By the calendar as it is then.
    await case.until(lambda: morning_of(due_on(asked, campaign.chase_on, case.opening.calendar)))
    case.record(SignatureChased(to=campaign.chase))
    case.tell("unsigned", *campaign.chase)
