"""Who may be the second person when a second factor is set up, or taken away."""

import pytest

from domain.people import Person
from domain.vouching import Voucher, may_vouch
from tests.builders import ADA, AMINA, BEN, a_person

FAR = a_person("far", "Fay Far", organisation="redwood", administrator=True)


@pytest.mark.parametrize(
    ("voucher", "strong", "has_factor", "first", "may"),
    [
        (ADA, True, False, False, True),
        (ADA, True, True, True, True),
        (BEN, True, True, False, True),
        (BEN, True, False, True, False),
        (ADA, False, False, True, True),
        (ADA, False, False, False, False),
        (BEN, False, False, True, False),
        (BEN, False, True, True, False),
        (AMINA, True, True, True, False),
        (FAR, True, True, True, False),
    ],
)
def test_an_administrator_or_somebody_with_a_factor_vouches_once_they_confirmed_who_they_are(
    voucher: Person, strong: bool, has_factor: bool, first: bool, may: bool
) -> None:
    assert may_vouch(Voucher(person=voucher, strong=strong, has_factor=has_factor), AMINA, first=first) is may


def test_whoever_asked_for_a_removal_does_not_settle_it() -> None:
    ada = Voucher(person=ADA, strong=True, has_factor=True)
    assert may_vouch(ada, AMINA, first=False, asked_by="amina")
    assert not may_vouch(ada, AMINA, first=False, asked_by="ada")
