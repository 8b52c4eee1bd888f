"""A question: somebody asks the school, and one seat answers, on record."""

from enum import StrEnum

from domain.cases import Act, Opening
from domain.events import RequestSubmitted, RequestWithdrawn
from workflows.case import Case


class QuestionOutcome(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class Question:
    """Ask the seat that the pack names, until it has answered, or whoever asked withdraws the question.

    Source: Cadmus, document accessibility; Newall Green 5.3 (ACK-03, ACK-17).
    """

    async def run(self, case: Case, opening: Opening) -> QuestionOutcome:
        """Return how the question ended."""
        request, task = opening.request, opening.process.tasks[0]
        case.record(
            RequestSubmitted(
                by=request.starter, author=request.author, version=request.version, answers=request.answers
            )
        )
        case.offer("withdraw", _withdrawn, ending=QuestionOutcome.WITHDRAWN)
        case.accept(("question_answered",), (task.seat,))
        answered = await case.see_to(task, lambda: not case.count(RequestWithdrawn))
        return QuestionOutcome.ANSWERED if answered else QuestionOutcome.WITHDRAWN


def _withdrawn(act: Act) -> RequestWithdrawn:
    return RequestWithdrawn(by=act.person, comment=act.comment)
