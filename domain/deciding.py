"""What an answer to an ask must have before it can be signed, and what is said of each part that is missing."""

from domain.base import Frozen
from domain.events import Verdict
from domain.forms import Fault
from domain.pack import Process, Step
from domain.text import is_blank

LONGEST_COMMENT = 4000
LONGEST_NAME = 200


class Typed(Frozen):
    """An answer as it was typed: nothing is chosen, written, ticked or signed to begin with."""

    decision: str = ""
    comment: str = ""
    signature: str = ""
    confirmed: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """Return what was chosen, or None where nothing was."""
        return next((verdict for verdict in Verdict if verdict == self.decision), None)


def offered(process: Process) -> tuple[Verdict, ...]:
    """Return what may be answered, in the order in which it is shown: a request that cannot change is not returned."""
    return tuple(verdict for verdict in Verdict if verdict is not Verdict.RETURN or process.changes is not None)


def unready_to_review(typed: Typed, process: Process, overrides: tuple[str, ...]) -> tuple[Fault, ...]:
    """Return all that keeps `typed` from being reviewed: no choice, or a reason that has to be there and is not.

    Source: Cadmus 15.5 (SITE-09): an approval that sets a rule aside says why.
    """
    faults = []
    may_be = offered(process)
    if typed.verdict not in may_be:
        choices = "approve, return or reject" if Verdict.RETURN in may_be else "approve or reject"
        faults.append(Fault(field="decision", message=f"Choose whether you {choices} the request"))
    if len(typed.comment) > LONGEST_COMMENT:
        too_long = f"Your comment must be {LONGEST_COMMENT} characters or fewer"
        faults.append(Fault(field="comment", message=too_long))
    elif is_blank(typed.comment) and typed.verdict is Verdict.REJECT:
        faults.append(Fault(field="comment", message="Say why you reject the request"))
    elif is_blank(typed.comment) and typed.verdict is Verdict.RETURN:
        faults.append(Fault(field="comment", message="Say what has to be changed"))
    elif is_blank(typed.comment) and typed.verdict is Verdict.APPROVE and overrides:
        faults.append(Fault(field="comment", message="Say why you approve although a rule is set aside"))
    return tuple(faults)


def unready_to_sign(typed: Typed, process: Process, step: Step, overrides: tuple[str, ...]) -> tuple[Fault, ...]:
    """Return all that keeps `typed` from being recorded: first what keeps it from review, then what is not signed.

    Source: Cadmus Appendix 1, Approval (SITE-39, SITE-40), 14.5 (SITE-04), 16.5 (SITE-16); Newall Green 9.1 (SITE-43).
    """
    faults = list(unready_to_review(typed, process, overrides))
    if typed.verdict is Verdict.APPROVE:
        faults += [
            Fault(field=f"confirm-{confirmation.key}", message=f"Confirm: {confirmation.label}")
            for confirmation in step.confirmations
            if confirmation.key not in typed.confirmed
        ]
    if is_blank(typed.signature):
        faults.append(Fault(field="signature", message="Type your name to sign your answer"))
    elif len(typed.signature) > LONGEST_NAME:
        too_long = f"Your name must be {LONGEST_NAME} characters or fewer"
        faults.append(Fault(field="signature", message=too_long))
    return tuple(faults)


def unready_to_step_aside(reason: str) -> tuple[Fault, ...]:
    """Return what keeps somebody from stepping aside: a conflict of interest that is not said, or too much of it.

    Source: Merchant Taylors' Oxfordshire Academy Trust, Principles (PLAT-06).
    """
    if is_blank(reason):
        return (Fault(field="comment", message="Say what your conflict of interest is"),)
    if len(reason) > LONGEST_COMMENT:
        return (Fault(field="comment", message=f"Your reason must be {LONGEST_COMMENT} characters or fewer"),)
    return ()
