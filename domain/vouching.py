"""Who may be the second person when somebody's second factor is set up, or taken away."""

from domain.base import Frozen
from domain.people import Person


class Voucher(Frozen):
    """Somebody who would vouch: `strong` is whether they confirmed who they are, `has_factor` whether by an app."""

    person: Person
    strong: bool
    has_factor: bool


def may_vouch(voucher: Voucher, concerned: Person, *, first: bool, asked_by: str = "") -> bool:
    """Return whether `voucher` may vouch for `concerned`, whose second factor it is.

    It takes an administrator, or somebody with a second factor of their own, of the same organisation; never the person
    concerned, nor whoever `asked_by` names as having asked. They have to have confirmed who they are, or else whoever
    reads two people's mail could do it alone; only where it is the `first` of the organisation, which nobody else there
    could have vouched for, an administrator need not.
    """
    if voucher.person.organisation != concerned.organisation or voucher.person.id in {concerned.id, asked_by}:
        return False
    if voucher.strong:
        return voucher.person.administrator or voucher.has_factor
    return voucher.person.administrator and first
