"""An allegation: to the Local Authority Designated Officer before anything else."""

from enum import StrEnum

from domain.allegations import GATED
from domain.cases import Opening
from domain.entries import AllegationRecorded, DisciplinaryOpened, LadoAdviceRecorded
from domain.matters import narrowed
from domain.order import about
from workflows.case import Case
from workflows.matters import reviews, take_in

BEFORE_ADVICE = ("lado_referral_made", "lado_advice_recorded")
AT_THE_END = ("outcome_recorded", "dbs_considered", "tra_considered")


class AllegationOutcome(StrEnum):
    """How an allegation's case ended."""

    CLOSED = "closed"


class AllegationReferral:
    """See an allegation through: record it, refer it, record the advice, do what the advice permits, and close it.

    What is to be done, by whom and how soon, the pack's tasks say; what may not come before what, its order rules. No
    resignation, withdrawal or cancelling ends it.

    Source: Cadmus 10.1 (ALLEG-02 to ALLEG-04); Newall Green 4.1 and 6.24.
    """

    async def run(self, case: Case, opening: Opening) -> AllegationOutcome:
        """Return how it ended."""
        matter = case.matter
        take_in(
            case,
            opening,
            AllegationRecorded(
                subjects=matter.subjects,
                reported=matter.allegations,
                danger=matter.danger,
                images=matter.images,
                at_risk=matter.at_risk,
                involved=matter.involved,
                happened_on=matter.happened_on,
                where=matter.where,
            ),
        )
        case.accept(("allegation_added",), (), lambda _: case.find_route())
        case.accept(BEFORE_ADVICE)
        case.accept(("lado_advice_recorded",), (), lambda entry: _advised(case, entry))
        case.accept(("police_hold_placed",), (), lambda _: _held(case))
        case.accept(GATED)
        case.accept(("disciplinary_opened",), ("case_manager",), lambda entry: _open_disciplinary(case, entry))
        if opening.process.basic_enquiries:
            case.accept(("basic_enquiry_made",))
        case.accept(AT_THE_END, ("case_manager",), lambda _: case.tell_those_in_it())
        case.alongside(reviews(case))
        while (task := case.next_task()) is not None:
            await case.do(task)
        return AllegationOutcome.CLOSED


def _open_disciplinary(case: Case, entry: DisciplinaryOpened) -> None:
    """Open a disciplinary case of the subject about these allegations and no others, cleared by the latest advice."""
    case.open_case(
        "disciplinary",
        narrowed(case.matter, entry.subject, entry.allegations),
        entry.by,
        cleared_by=case.last_about("lado_advice_recorded", entry),
    )


def _advised(case: Case, entry: LadoAdviceRecorded) -> None:
    """Have disciplinary cases stand still that this advice, the latest, does not permit any more."""
    opened = [event for event in case.past if isinstance(event, DisciplinaryOpened)]
    if "open_disciplinary" not in entry.permits and any(about(one) & about(entry) for one in opened):
        case.halt_opened()
    case.tell_those_in_it()


def _held(case: Case) -> None:
    """Have the cases opened out of this one stand still too, when the police ask to wait."""
    case.halt_opened()
    case.tell_those_in_it()
