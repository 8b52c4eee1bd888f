"""The seats and contacts of the packs that come with Duly: who is there, who stands in, and whom to reach outside."""

from typing import Final

import pytest

from domain.pack import Pack
from domain.people import Directory, PersonKind, who_is_asked
from domain.people_import import FaultyPeopleError, read_people
from tests.packs.trying import PACKS, TODAY, facts_of, whole_pack

SEATS: Final = {
    "headteacher",
    "chair_of_governors",
    "vice_chair_of_governors",
    "dsl",
    "deputy_dsl",
    "data_protection_lead",
    "it_administrator",
}
"""The seats that every school has to fill."""

TRUST: Final = {"chief_executive", "chair_of_trustees"}
BEYOND_THE_SCHOOL: Final = {
    "cadmus": {"chief_operating_officer"},
    "mtoat": {*TRUST, "head_of_hr"},
    "societas": TRUST,
}
"""The seats of those to whom several schools belong."""

CONTACTS: Final = {"lado", "police", "social_care", "nspcc", "childline"}
NOTICE: Final = "The number is on the school's safeguarding notice."
LOCAL: Final = {
    "lado",
    "social_care",
    "mast",
    "governor_support",
    "counselling",
    "occupational_health",
}
"""Contacts whose numbers no policy prints."""

HEADER: Final = (
    "email,name,kind,schools,line_manager,seats,deputy,absences,leaves_on,authorised_by,authorised_on,administrator"
)


def up_the_ladder(pack: Pack, school: str, seat: str) -> list[str]:
    """Return the seats that are asked one after the other while everybody who was asked may not decide."""
    directory, held = facts_of(pack.key).directory, pack.seat(seat)
    assert held is not None
    asked: list[str] = []
    excluded: frozenset[str] = frozenset()
    while found := who_is_asked((seat, *held.stands_in), school, None, directory, TODAY, excluded):
        asked.append(found[0].seat)
        excluded |= {one.person for one in found}
    return asked


@pytest.mark.parametrize("pack", PACKS)
def test_every_pack_has_the_seats_without_which_nobody_is_safe(pack: str) -> None:
    assert {seat.key for seat in whole_pack(pack).seats} >= SEATS | BEYOND_THE_SCHOOL.get(pack, set())


@pytest.mark.parametrize("pack", PACKS)
def test_every_seat_is_held_at_every_school_by_somebody_who_works_there(pack: str) -> None:
    directory = facts_of(pack).directory
    for school in whole_pack(pack).organisation.schools:
        for seat in whole_pack(pack).seats:
            holders = directory.holders(school.key, seat.key)
            assert seat.from_field or any(one.is_active(TODAY) for one in holders), f"{seat.key} at {school.key}"


@pytest.mark.parametrize("pack", PACKS)
def test_both_safeguarding_and_data_protection_have_a_deputy(pack: str) -> None:
    directory = facts_of(pack).directory
    for school in whole_pack(pack).organisation.schools:
        assert up_the_ladder(whole_pack(pack), school.key, "dsl")[:2] == ["dsl", "deputy_dsl"]
        for seat in ("dsl", "data_protection_lead"):
            assert all(holder.deputy for holder in directory.holders(school.key, seat))


@pytest.mark.parametrize(
    ("pack", "last"),
    [
        ("cadmus", ["chief_operating_officer"]),
        ("mtoat", ["chief_executive", "chair_of_trustees"]),
        ("newall-green", []),
        ("redhill", []),
        ("societas", ["chief_executive", "chair_of_trustees"]),
    ],
)
def test_in_place_of_a_headteacher_somebody_is_found_up_to_the_trust(pack: str, last: list[str]) -> None:
    for school in whole_pack(pack).organisation.schools:
        governors = ["chair_of_governors", "vice_chair_of_governors", *last]
        assert up_the_ladder(whole_pack(pack), school.key, "headteacher") == [
            "headteacher",
            "deputy_headteacher",
            *governors,
        ]
        assert up_the_ladder(whole_pack(pack), school.key, "chair_of_governors") == governors


@pytest.mark.meets("PLAT-04")
@pytest.mark.parametrize("pack", PACKS)
def test_governors_hold_governors_seats_alone_whatever_a_policy_calls_them(pack: str) -> None:
    """PLAT-04: Societas 2.1 means governors too when it says employees."""
    kinds = {seat.key: seat.kinds for seat in whole_pack(pack).seats}
    for person in facts_of(pack).directory.people:
        for held in person.holdings:
            assert (person.kind is PersonKind.GOVERNOR) == (kinds[held.seat] == (PersonKind.GOVERNOR,))


@pytest.mark.meets("PLAT-04")
@pytest.mark.parametrize("seat", ["headteacher", "dsl", "chief_executive"])
def test_a_governor_of_societas_cannot_be_given_a_seat_of_the_staff(seat: str) -> None:
    row = f"ada@societas.example,Ada Lowe,governor,hazelmoor,,{seat},,,,,,"
    with pytest.raises(FaultyPeopleError, match=f"{seat} is for employee, not for governor"):
        read_people(f"{HEADER}\n{row}\n".encode(), whole_pack("societas"), Directory(people=()), frozenset(), str)


@pytest.mark.meets("PLAT-02")
@pytest.mark.parametrize(
    "kind",
    [kind for kind in PersonKind if kind.value not in {"student", "volunteer", "trustee", "external"}],
)
def test_at_mtoat_trainees_apprentices_and_whoever_provides_services_ask_for_a_site_like_employees(
    kind: PersonKind,
) -> None:
    process = whole_pack("mtoat").process("site_creation")
    assert process is not None
    assert kind in process.may_start
    assert PersonKind.STUDENT not in process.may_start


@pytest.mark.parametrize("pack", PACKS)
def test_every_pack_says_whom_to_reach_outside(pack: str) -> None:
    contacts = {contact.key: contact for contact in whole_pack(pack).contacts}
    assert set(contacts) >= CONTACTS
    nspcc = contacts["nspcc"]
    assert (nspcc.phone, nspcc.email) == ("0808 800 5000", "help@nspcc.org.uk")
    assert "0800 028 0285" in (nspcc.note or "")
    assert contacts["childline"].phone == "0800 1111"


def test_cadmus_has_the_contacts_that_its_policy_names() -> None:
    assert {contact.key for contact in whole_pack("cadmus").contacts} >= {"mast", "governor_support", "ceop", "hr"}


@pytest.mark.parametrize("pack", PACKS)
def test_no_number_is_invented_that_no_policy_prints(pack: str) -> None:
    for contact in whole_pack(pack).contacts:
        if contact.key in LOCAL:
            assert (contact.phone, contact.email) == (None, None)
            assert contact.note in {NOTICE, "The school has the number.", "The school's safeguarding notice has it."}


@pytest.mark.parametrize(
    ("pack", "printed"),
    [
        ("mtoat", {"issued_on": "May 2018"}),
        ("redhill", {}),
        (
            "societas",
            {
                "approved_by": "The Directors' Board",
                "issued_on": "2019",
                "last_reviewed": "27 May 2021",
                "review_date": "Summer 2022",
                "labels": {
                    "approved_by": "Reviewed and Agreed by",
                    "issued_on": "Date of Policy",
                    "last_reviewed": "Review Date",
                    "review_date": "Next Review Date",
                },
            },
        ),
    ],
)
def test_what_a_policy_prints_about_itself_is_kept_and_nothing_else_is_made_up(
    pack: str, printed: dict[str, object]
) -> None:
    kept = whole_pack(pack).document.model_dump(exclude_none=True, exclude={"title", "text", "cites"})
    document = {name: said for name, said in kept.items() if said}
    assert document == printed
