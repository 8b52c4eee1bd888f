"""Ways round the LADO's advice, and round those who watch: each tried in a case of a pack that comes with Duly."""

from typing import Any, Final

import pytest

from domain.allegations import Clearance
from domain.cases import Act, Reply
from domain.entries import CaseHalted
from domain.people import Directory
from tests.packs.confidential import ALL, a_matter, a_subject, an_entry, an_opening, says
from tests.packs.trying import BEGINS, facts_of, whole_pack
from workflows.allegation import AllegationReferral
from workflows.disciplinary import Disciplinary
from workflows.explorer import Move, Played, play

PACK: Final = whole_pack("newall-green")
PEOPLE: Final[Directory] = facts_of("newall-green").directory
SCHOOL: Final = PACK.organisation.schools[0].key
HEAD, CHAIR = (PEOPLE.holders(SCHOOL, seat)[0].id for seat in ("headteacher", "chair_of_governors"))
OTHERS: Final = [person for person in PEOPLE.people if not person.holdings and person.kind == "employee"]
MATTER: Final = a_matter(a_subject(person=OTHERS[0].id), at_risk="yes")
CLEARED: Final = Clearance(case="c-9", n=7, hash="h", allegations=("a1",))


def record(kind: str, by: str = HEAD, how: str = "session", allegations: tuple[str, ...] = ("a1",), **said: Any) -> Act:
    """Return that somebody records an entry of `kind` about the one thing that is alleged."""
    entry = an_entry(kind, *allegations, **said)
    return Act.model_validate({"kind": "record", "person": by, "how": how, "entry": entry, "occasion": f"{said}"})


def corrected(name: str, category: str = "employee", person: str | None = None, **said: Any) -> Act:
    """Return that the subject is corrected to be `name`."""
    subject = {"key": "s1", "name": name, "category": category, "person": person}
    return record("subject_corrected", allegations=(), subject=subject, **said)


def alleged(*moves: Move) -> Played:
    """Return what comes of `moves` in a case of an allegation."""
    return play(AllegationReferral(), an_opening(PACK, "allegation", MATTER), PEOPLE, BEGINS, moves)


def disciplined(*moves: Move, clearances: frozenset[Clearance] = frozenset({CLEARED})) -> Played:
    """Return what comes of `moves` in a disciplinary case that the advice cleared."""
    opening = an_opening(PACK, "disciplinary", a_matter(a_subject(person=OTHERS[0].id)), clearance=CLEARED)
    opening = opening.model_copy(update={"parent": "c-9"})
    return play(Disciplinary(), opening, PEOPLE, BEGINS, moves, clearances)


REFERRED: Final = (record("lado_referral_made"), record("lado_advice_recorded", permits=ALL))


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize(
    "gated", ["investigation_started", "interview_held", "subject_told", "suspension_decided", "disciplinary_opened"]
)
def test_what_was_advised_of_one_person_says_nothing_of_another(gated: str) -> None:
    other = OTHERS[1]
    played = alleged(*REFERRED, corrected(other.name, person=other.id), record(gated))
    assert says(played) == ["done", "done", "done", "refused"]
    anew = alleged(*REFERRED, corrected(other.name, person=other.id), *REFERRED, record(gated))
    assert says(anew)[-1] == "done"


@pytest.mark.meets("ALLEG-04")
def test_somebody_who_was_told_under_a_name_is_the_same_person_once_they_are_found() -> None:
    named = MATTER.model_copy(update={"subjects": (a_subject(),)})
    found = corrected("Somebody", person=OTHERS[1].id)
    moves = (*REFERRED, found, record("investigation_started"))
    opening = an_opening(PACK, "allegation", named)
    assert says(play(AllegationReferral(), opening, PEOPLE, BEGINS, moves))[-2:] == ["done", "done"]


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize("category", ["public", "pupil"])
def test_no_correction_takes_a_matter_off_the_road_to_the_lado_before_there_is_advice(category: str) -> None:
    played = alleged(record("response_given"), corrected("Somebody", category))
    assert says(played) == ["not_offered", "refused"]
    assert played.standing.outcome is None
    assert played.events[-1].event.kind == "step_refused"
    assert says(alleged(*REFERRED, corrected(OTHERS[0].name, category, OTHERS[0].id)))[-1] == "done"


@pytest.mark.meets("ALLEG-11")
def test_only_whoever_sees_to_a_case_takes_people_out_of_it() -> None:
    investigator = OTHERS[2].id
    appointed = record("investigator_appointed", allegations=(), person=investigator)
    refused = record("people_recused", by=investigator, allegations=(), people=(HEAD,))
    begun = (record("procedure_chosen"), appointed, record("notice_given"))
    played = disciplined(*begun, refused)
    assert says(played) == ["done", "done", "done", "not_asked"]


def test_a_disciplinary_case_about_somebody_else_goes_back_to_the_lado() -> None:
    other = OTHERS[1]
    played = disciplined(corrected(other.name, person=other.id), record("procedure_chosen"))
    assert says(played) == ["done", "closed"]
    assert played.standing.outcome == "referred"
    assert [said.event.kind for said in played.events].count("case_opened") == 1


def test_a_case_that_its_advice_permits_no_more_stands_still_until_it_is_cleared_anew() -> None:
    halt = Act(kind="halt", person="duly", how="duly")
    claim = record("clearance_claimed", allegations=(), clearance=CLEARED)
    played = disciplined(halt, record("procedure_chosen"), claim, record("procedure_chosen"))
    assert says(played) == ["done", "refused", "done", "done"]
    assert sum(isinstance(said.event, CaseHalted) for said in played.events) == 1


def test_nobody_but_duly_halts_a_case() -> None:
    assert says(disciplined(Act(kind="halt", person=HEAD, how="session"))) == ["not_offered"]
    assert says(alleged(Act(kind="halt", person="duly", how="duly"))) == ["not_offered"]


def test_one_police_hold_at_a_time_so_that_one_release_ends_it() -> None:
    placed = record("police_hold_placed", allegations=())
    assert says(alleged(placed, placed.model_copy(update={"occasion": "again"}))) == ["done", "incomplete"]


def test_a_reporter_cannot_fill_a_case_up() -> None:
    written = [
        Act.model_validate(
            {
                "kind": "record",
                "person": "reporter",
                "how": "receipt",
                "entry": an_entry("message_written"),
                "occasion": str(n),
            }
        )
        for n in range(201)
    ]
    said: list[Reply] = list(alleged(*written).replies)
    assert [reply.says for reply in said] == ["done"] * 200 + ["not_offered"]


def test_the_reporter_tells_once_whether_those_outside_were_reached() -> None:
    told = record("calls_made", by="reporter", how="receipt", allegations=())
    again = told.model_copy(update={"occasion": "again"})
    assert says(alleged(told, again)) == ["done", "not_offered"]
