"""The gate: whatever people do, in whatever order, nothing internal comes before the LADO's advice about it.

It is proved three times: for each thing that could come too early, by what a pack without the rule is told; over
whatever sequences of acts, waits and people hypothesis finds; and against a process that tries to get past it. What
came too early is found here by hand, and not by the rules that are to prevent it.
"""

import copy
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from domain.allegations import GATED, Category, Clearance
from domain.cases import Act, Opening, Reply
from domain.entries import InvestigationStarted, LadoAdviceRecorded
from domain.events import AnyEvent, StepRefused
from domain.matters import facts
from domain.order import first_violation
from domain.pack import Pack, Reviews, Task
from domain.pack_faults import faults_of
from tests.packs.confidential import (
    ALL,
    SAYS,
    Kind,
    a_matter,
    a_subject,
    an_allegation,
    an_entry,
    an_opening,
    events,
    played,
    process_of,
    record,
    says,
    story_of,
    whom,
)
from tests.packs.trying import BEGINS, PACKS, facts_of, files_of, pack_of, whole_pack
from workflows.allegation import AllegationOutcome, AllegationReferral
from workflows.case import Case
from workflows.disciplinary import Disciplinary, DisciplinaryOutcome
from workflows.explorer import MemoryHost, Playing, TimePasses, play

A, D = "processes/allegation.toml", "processes/disciplinary.toml"
CLEARED: Final = Clearance(case="c-0", n=7, hash="h", allegations=("a1",))
CLEARED_ANEW: Final = Clearance(case="c-9", n=7, hash="h", allegations=("new",))
INTERNAL: Final = (
    "procedure_chosen",
    "investigator_appointed",
    "notice_given",
    "investigation_started",
    "interview_held",
    "investigation_reported",
    "suspension_decided",
    "subject_told",
    "case_to_answer_decided",
    "hearing_called",
    "hearing_postponed",
    "hearing_held",
    "decision_made",
    "letter_sent",
    "appeal_decided",
)
"""What a disciplinary case consists of, and none of which may come before it is cleared."""


# What would be wrong, found without the rules.


def too_early(happened: Sequence[AnyEvent]) -> list[str]:
    """Return every gated entry that came before the advice about one of its allegations, or without its leave."""
    referred: set[str] = set()
    advised: dict[str, tuple[str, ...]] = {}
    held = False
    wrong = []
    for n, one in enumerate(happened):
        about = set(getattr(one, "allegations", ()))
        if one.kind == "subject_corrected" and one.replaces:
            # What was said of somebody else is no advice about whoever is meant now.
            referred -= about
            advised = {key: permits for key, permits in advised.items() if key not in about}
        elif one.kind == "lado_referral_made":
            referred |= about
        elif isinstance(one, LadoAdviceRecorded):
            wrong += [f"{n}: advice about what was not referred"] if not about or about - referred else []
            advised |= dict.fromkeys(about, one.permits)
        elif one.kind in {"police_hold_placed", "police_hold_released"}:
            held = one.kind == "police_hold_placed"
        elif one.kind in GATED:
            permit = GATED[one.kind]
            wrong += [f"{n}: {one.kind} about nothing"] if not about else []
            wrong += [f"{n}: {one.kind} before the advice"] if about - advised.keys() else []
            if permit is not None and any(permit not in advised.get(key, ()) for key in about):
                wrong.append(f"{n}: {one.kind} without leave")
            wrong += [f"{n}: {one.kind} while the police hold the case"] if held else []
    return wrong


def uncleared(happened: Sequence[AnyEvent]) -> list[str]:
    """Return every step of a disciplinary case that came before it was cleared, or while something held it."""
    cleared, concern, held = False, False, False
    wrong = []
    for n, one in enumerate(happened):
        if one.kind == "case_cleared":
            cleared, concern = True, False
        elif one.kind in {"safeguarding_concern_raised", "case_halted"}:
            concern = True
        elif one.kind in {"police_hold_placed", "police_hold_released"}:
            held = one.kind == "police_hold_placed"
        elif one.kind in INTERNAL and (not cleared or concern or held):
            wrong.append(f"{n}: {one.kind}, cleared {cleared}, concern {concern}, held {held}")
    return wrong


def judged_themselves(happened: Sequence[AnyEvent]) -> list[str]:
    """Return everything that was decided by somebody who had a part in it that they may not have had."""
    investigators = {one.person for one in happened if one.kind == "investigator_appointed"}
    investigators |= {one.by for one in happened if one.kind == "investigation_reported"}
    decided = [one for one in happened if one.kind in {"case_to_answer_decided", "hearing_held", "decision_made"}]
    heard = [one for one in happened if one.kind == "appeal_decided"]
    wrong = [f"{one.kind} by the investigator" for one in (*decided, *heard) if one.by in investigators]
    return wrong + [f"{one.kind} by a decider" for one in heard if one.by in {before.by for before in decided}]


# A pack whose rules would let it happen is refused.


def faults_without(pack: str, file: str, change: Callable[[list[dict[str, Any]]], None]) -> list[str]:
    """Return what is wrong with `pack` once `change` was made to the rules in `file`."""
    files = copy.deepcopy(files_of(pack))
    change(files[file]["rules"])
    return [str(fault) for fault in faults_of(pack_of(files, pack))]


def without_kind(kind: str) -> Callable[[list[dict[str, Any]]], None]:
    """Return the change after which no rule keeps `kind` from anything."""

    def change(rules: list[dict[str, Any]]) -> None:
        for rule in list(rules):
            then = rule["then"]["event"]
            left = [one for one in ([then] if isinstance(then, str) else then) if one != kind]
            rule["then"]["event"] = left
            if not left:
                rules.remove(rule)

    return change


def without_rule(*keys: str) -> Callable[[list[dict[str, Any]]], None]:
    """Return the change after which the rules `keys` are gone."""

    def change(rules: list[dict[str, Any]]) -> None:
        assert {rule["key"] for rule in rules} >= set(keys)
        rules[:] = [rule for rule in rules if rule["key"] not in keys]

    return change


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize("kind", GATED)
@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_that_would_let_it_precede_the_advice_is_refused_with_file_and_key(pack: str, kind: str) -> None:
    wrong = f"{A}: rules: none keeps {kind} from coming before the LADO's advice about it"
    assert faults_without(pack, A, without_kind(kind)) == [wrong]


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("investigation_started", "investigated-only-as-permitted"),
        ("interview_held", "investigated-only-as-permitted"),
        ("subject_told", "told-only-as-permitted"),
        ("disciplinary_opened", "disciplined-only-as-permitted"),
    ],
)
@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_that_would_let_it_happen_without_the_advice_s_leave_is_refused(pack: str, kind: str, rule: str) -> None:
    wrong = f"{A}: rules: none keeps {kind} from coming before the LADO's advice about it"
    assert wrong in faults_without(pack, A, without_rule(rule))


@pytest.mark.meets("ALLEG-03")
@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_that_would_take_an_advice_before_the_referral_is_refused(pack: str) -> None:
    wrong = f"{A}: rules: none keeps lado_advice_recorded from coming before the referral"
    assert faults_without(pack, A, without_rule("referral-before-advice")) == [wrong]


def _about_any(rules: list[dict[str, Any]]) -> None:
    """Let an advice about one allegation do for all."""
    for rule in rules:
        rule.pop("same", None)


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_for_which_advice_about_another_allegation_does_is_refused(pack: str) -> None:
    found = faults_without(pack, A, _about_any)
    assert f"{A}: rules: none keeps suspension_decided from coming before the LADO's advice about it" in found
    assert f"{A}: rules: none keeps lado_advice_recorded from coming before the referral" in found


@pytest.mark.meets("ALLEG-18")
@pytest.mark.parametrize("file", [A, D])
@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_in_which_the_police_cannot_hold_a_case_is_refused(pack: str, file: str) -> None:
    wrong = f"{file}: rules: none stops the clocks from police_hold_placed to police_hold_released"
    assert faults_without(pack, file, without_rule("the-police-come-first")) == [wrong]


@pytest.mark.parametrize("kind", ["police_contacted", "social_care_contacted", "lado_referral_made", "message_written"])
@pytest.mark.parametrize("file", [A, D])
def test_a_pack_that_would_hold_up_what_waits_for_nobody_is_refused(file: str, kind: str) -> None:
    def hold_up(rules: list[dict[str, Any]]) -> None:
        first, then = {"event": "case_reviewed"}, {"event": kind}
        rules.append({"rule": "before", "key": "first", "first": first, "then": then, "clause": "10.1"})

    wrong = f"{file}: rules: {kind} waits for nobody, and a rule holds it up"
    assert wrong in faults_without("cadmus", file, hold_up)


@pytest.mark.meets("DISC-01")
@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("cleared-first", "none keeps {} from coming before the case is cleared"),
        ("new-facts-come-first", "none keeps {} from coming after new facts and before the LADO's advice about them"),
        ("new-facts-come-first", "none keeps {} from coming after the LADO's leave was taken back"),
    ],
)
@pytest.mark.parametrize("kind", [kind for kind in INTERNAL if kind in {"interview_held", "notice_given"}])
@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_that_would_let_a_step_precede_its_clearance_is_refused(
    pack: str, rule: str, wrong: str, kind: str
) -> None:
    assert f"{D}: rules: {wrong.format(kind)}" in faults_without(pack, D, without_rule(rule))


@pytest.mark.meets("DISC-06", "DISC-07")
@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("who-investigates-decides-nothing", "none keeps decision_made from whoever was appointed to investigate"),
        ("who-had-a-part-hears-no-appeal", "none keeps appeal_decided from whoever recorded decision_made"),
        ("new-facts-come-first", "none keeps triage_recorded from clearing a case that new facts hold"),
        ("the-staff-road-is-for-staff", "none keeps procedure_chosen, which is for staff, from the procedure governor"),
        ("staff-sanctions-are-for-staff", "none keeps the sanction final_warning from the procedure governor"),
        ("staff-sanctions-are-for-staff", "none keeps the sanction dismissal from the procedure end_of_appointment"),
    ],
)
@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_that_would_let_somebody_judge_themselves_or_warn_a_governor_is_refused(
    pack: str, rule: str, wrong: str
) -> None:
    assert f"{D}: rules: {wrong}" in faults_without(pack, D, without_rule(rule))


def changed(pack: str, file: str, part: str, called: str, /, **values: Any) -> list[str]:
    """Return what is wrong with `pack` once the route or task `called` so has other `values`."""
    files = copy.deepcopy(files_of(pack))
    (one,) = (one for one in files[file][part] if one["key"] == called)
    for name, value in values.items():
        one.pop(name, None)
        if value is not None:
            one[name] = value
    return [str(fault) for fault in faults_of(pack_of(files, pack))]


@pytest.mark.meets("ALLEG-11", "DISC-07")
@pytest.mark.parametrize(
    ("part", "key", "values", "wrong"),
    [
        (
            "routes",
            "headteacher",
            {"ladders": {"case_manager": ["headteacher"]}},
            f"{A}: routes.headteacher: a matter about the headteacher would come to the headteacher",
        ),
        (
            "routes",
            "staff-with-the-headteacher",
            {"ladders": {"case_manager": ["chair_of_governors", "headteacher"]}},
            f"{A}: routes.staff-with-the-headteacher: what the headteacher has a part in would come to the headteacher",
        ),
        (
            "routes",
            "governor",
            {"procedure": "staff"},
            f"{A}: routes.governor.procedure: staff is no road for a governor",
        ),
        (
            "routes",
            "pupil",
            {"subjects": ["pupil", "employee"]},
            f"{A}: routes.pupil.procedure: behaviour is no road for a employee",
        ),
        (
            "routes",
            "staff",
            {"subjects": ["employee"]},
            f"{A}: routes.staff: the last has to take every matter that is left",
        ),
        (
            "routes",
            "staff",
            {"ladders": {"case_manager": []}},
            f"{A}: routes.staff.ladders: does not say who is case_manager",
        ),
        ("routes", "staff", {"told": ["nurse"]}, f"{A}: routes.staff: there is no seat nurse"),
        (
            "tasks",
            "refer",
            {"each_allegation": False},
            f"{A}: tasks: on the road staff nothing asks for lado_referral_made about each allegation, always",
        ),
        (
            "tasks",
            "refer",
            {"safeguarding": False},
            f"{A}: tasks: on the road governor nothing asks for lado_referral_made about each allegation, always",
        ),
        (
            "tasks",
            "advice",
            {"procedures": ["staff"]},
            f"{A}: tasks: on the road governor nothing asks for lado_advice_recorded about each allegation, always",
        ),
        (
            "tasks",
            "refer",
            {"pauses_in_holidays": True},
            f"{A}: tasks.refer.pauses_in_holidays: what keeps children from harm never pauses",
        ),
        ("tasks", "tell", {"lapse_on": 9}, f"{A}: tasks.tell.lapse_on: nothing in a confidential case ends by silence"),
        ("tasks", "tell", {"seat": "decider"}, f"{A}: tasks.tell.seat: no such process has a decider"),
        (
            "tasks",
            "tell",
            {"done_by": {"event": "approved"}},
            f"{A}: tasks.tell.done_by: no process records approved",
        ),
        (
            "tasks",
            "police",
            {"when": {"event": "allegation_recorded", "where": {"colour": "red"}}},
            f"{A}: tasks.police.when: allegation_recorded has no colour to compare",
        ),
        ("tasks", "refer", {"remind_on": [2]}, f"{A}: tasks.refer.remind_on: a reminder comes after the answer is due"),
        ("tasks", "advice", {"key": "refer"}, f"{A}: tasks: refer is there twice"),
        ("routes", "pupil", {"key": "staff"}, f"{A}: routes: staff is there twice"),
    ],
)
def test_a_pack_whose_roads_or_tasks_go_wrong_is_refused_with_file_and_key(
    part: str, key: str, values: dict[str, Any], wrong: str
) -> None:
    assert wrong in changed("cadmus", A, part, key, **values)


# Each thing at each moment.

ABOUT_ONE: Final = ("a1",)
MOMENTS: Final[dict[str, list[tuple[str, tuple[str, ...], dict[str, Any]]]]] = {
    "nothing yet": [],
    "only referred": [("lado_referral_made", ABOUT_ONE, {})],
    "advice about another": [
        ("lado_referral_made", ("a1", "a2"), {}),
        ("lado_advice_recorded", ("a2",), {"permits": ALL}),
    ],
    "advice that permits nothing": [
        ("lado_referral_made", ABOUT_ONE, {}),
        ("lado_advice_recorded", ABOUT_ONE, {"permits": ()}),
    ],
    "leave taken back": [
        ("lado_referral_made", ABOUT_ONE, {}),
        ("lado_advice_recorded", ABOUT_ONE, {"permits": ALL}),
        ("lado_advice_recorded", ABOUT_ONE, {"permits": ()}),
    ],
    "the police hold it": [
        ("lado_referral_made", ABOUT_ONE, {}),
        ("lado_advice_recorded", ABOUT_ONE, {"permits": ALL}),
        ("police_hold_placed", (), {}),
    ],
    "permitted": [("lado_referral_made", ABOUT_ONE, {}), ("lado_advice_recorded", ABOUT_ONE, {"permits": ALL})],
    "the police let it go on": [
        ("lado_referral_made", ABOUT_ONE, {}),
        ("lado_advice_recorded", ABOUT_ONE, {"permits": ALL}),
        ("police_hold_placed", (), {}),
        ("police_hold_released", (), {}),
    ],
}
OPEN: Final = {"permitted", "the police let it go on"}
OPEN_WITHOUT_LEAVE: Final = {"advice that permits nothing", "leave taken back"}
"""When what needs an advice but no leave, a suspension, may be decided."""


@pytest.mark.meets("ALLEG-04", "ALLEG-18")
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("kind", GATED)
@pytest.mark.parametrize("pack", PACKS)
def test_each_gated_step_is_taken_or_refused_with_its_clause_and_the_refusal_is_on_record(
    pack: str, kind: str, moment: str
) -> None:
    matter = a_matter(a_subject(), allegations=(an_allegation("a1"), an_allegation("a2")))
    opening = an_opening(whole_pack(pack), "allegation", matter)
    (head,) = whom(played(opening))
    before = [record(head, entry, *about, **more) for entry, about, more in MOMENTS[moment]]
    so_far = played(opening, *before, record(head, kind, *ABOUT_ONE))
    opens = moment in OPEN or (GATED[kind] is None and moment in OPEN_WITHOUT_LEAVE)
    assert says(so_far) == ["done"] * len(before) + ["done" if opens else "refused"]
    refused = [one for one in events(so_far) if isinstance(one, StepRefused)]
    if opens:
        assert not refused
    else:
        clauses = {clause.id for clause in whole_pack(pack).clauses}
        assert [(one.tried, one.by, one.clause) for one in refused] == [(kind, head, so_far.replies[-1].clause)]
        assert so_far.replies[-1].clause in clauses
    # About both, with advice about one alone, it is refused as well.
    both = played(opening, *before, record(head, kind, "a1", "a2"))
    assert both.replies[-1].says == "refused"


# Whatever people do.

PEOPLE: Final = {pack: tuple(person.id for person in facts_of(pack).directory.people) for pack in PACKS}
KEYS: Final = ("a1", "a2", "more", "new", "nothing")
LEVERS: Final = ("withdraw", "edit", "nudge", "cancel", "reassign", "extend", "release", "move_on", "answer", "dispute")
SOME_PERMITS: Final = st.sets(st.sampled_from(ALL))
SOME_KEYS: Final = st.sets(st.sampled_from(KEYS))
STEPS: Final = 22


class Driver:
    """One case, and whatever can be done to it."""

    def __init__(self, opening: Opening, data: st.DataObject, clearances: frozenset[Clearance]) -> None:
        """Drive the case of `opening` by what `data` says."""
        self.opening, self.data = opening, data
        directory = facts_of(opening.organisation).directory
        self.playing = Playing(story_of(opening), opening, directory, BEGINS, clearances)
        self.everybody = PEOPLE[opening.organisation]
        self.replies: list[Reply] = []
        self.refused = 0

    @property
    def happened(self) -> list[AnyEvent]:
        """All that is on record."""
        return [said.event for said in self.playing.host.events]

    def one_of(self, choices: Sequence[Any]) -> Any:
        """Return one of `choices`."""
        return self.data.draw(st.sampled_from(choices))

    def person(self) -> str:
        """Return somebody, most often of those who are asked."""
        so_far = self.playing.played()
        asked = [one.person for ask in so_far.standing.asks for one in so_far.asked.get(ask.ask, ())]
        return str(self.one_of(asked * 6 + [self.one_of(self.everybody)] if asked else self.everybody))

    def entry(self, kind: str) -> dict[str, Any]:
        """Return what an entry of `kind` says besides the usual."""
        draw = self.data.draw
        n = len(self.happened)
        more: dict[str, Any] = {}
        if kind == "lado_advice_recorded":
            more["permits"] = self.one_of([ALL, ALL, tuple(sorted(draw(SOME_PERMITS)))])
        elif kind == "subject_corrected":
            person = draw(st.none() | st.sampled_from(self.everybody))
            more["subject"] = a_subject("s1", draw(st.sampled_from(Category)).value, person).model_dump()
        elif kind in {"allegation_added", "safeguarding_concern_raised"}:
            key = self.one_of([*KEYS, f"k{n}"])
            more["allegation"] = {"key": key, "subject": "s1", "topic": "other", "what": "More."}
        elif kind == "people_recused":
            more["people"] = (self.one_of(self.everybody),)
        elif kind == "investigator_appointed":
            more["person"] = self.one_of(self.everybody)
        elif kind == "triage_recorded":
            more["at_risk"] = self.one_of(["no", "no", "no", "yes", "unsure"])
        elif kind == "clearance_claimed":
            more["clearance"] = self.one_of([CLEARED_ANEW, CLEARED_ANEW, CLEARED]).model_dump()
        elif kind == "decision_made":
            warned = draw(st.booleans())
            more["sanction"] = "first_warning" if warned else self.one_of(["no_action", "dismissal"])
            more["expires_on"] = "2027-11-01" if warned else None
        elif kind == "case_to_answer_decided":
            more["answer"] = self.one_of(["yes", "yes", "no"])
        return more

    def records(self, kinds: Sequence[str]) -> None:
        """Have somebody record something about anything."""
        kind = str(self.one_of(kinds))
        about = tuple(
            sorted(self.data.draw(st.sets(st.sampled_from(KEYS[:2]), min_size=1) | st.sets(st.sampled_from(KEYS))))
        )
        matter = self.opening.matter
        assert matter is not None
        if set(about) & {"more", "new"} and self.one_of([True, False]):
            about = tuple(facts(matter, self.happened).allegations)
        act = record(self.person(), kind, *about, **self.entry(kind))
        self.acts(act)

    def does_what_is_due(self) -> None:
        """Have somebody who is asked do what they are asked for, as the pack has it."""
        so_far = self.playing.played()
        asks = [ask for ask in so_far.standing.asks if so_far.asked.get(ask.ask)]
        if not asks or self.opening.matter is None:
            return
        ask = self.one_of(asks)
        clocks = self.opening.process.clocks(ask.step)
        assert isinstance(clocks, Task | Reviews)
        kind = clocks.done_by.event[0]
        wanted = {name: values[0] for name, values in clocks.done_by.where.items()}
        about = tuple(facts(self.opening.matter, self.happened).allegations)
        who = self.one_of(so_far.asked[ask.ask]).person
        self.acts(record(who, kind, *about, **(self.entry(kind) | wanted)))

    def acts(self, act: Act) -> None:
        """Have the case take `act`, and look what it left behind."""
        before = len(self.happened)
        reply = self.playing.make(act)
        assert reply is not None
        self.replies.append(reply)
        if reply.says == "refused":
            (left,) = [one for one in self.happened[before:] if isinstance(one, StepRefused)]
            assert act.entry is not None
            assert (left.tried, left.by, left.clause) == (act.entry.kind, act.person, reply.clause)
            self.refused += 1

    def is_halted(self) -> None:
        """Have Duly say that the case out of which this one was opened does not permit it any more."""
        self.acts(Act(kind="halt", person="duly", how="duly"))

    def anything_else(self) -> None:
        """Have somebody do what no confidential case offers, or a reporter record what is not theirs."""
        ask = self.one_of(["a1", "a2", "a3"])
        act = Act(kind=self.one_of(LEVERS), person=self.person(), how="session", ask=ask, comment="Because.", days=3)
        self.acts(act)
        assert self.replies[-1].says in {"not_offered", "not_asked", "closed"}
        sneaky = record("reporter", self.one_of([*GATED, "decision_made"]), "a1").model_copy(update={"how": "receipt"})
        self.acts(sneaky)
        assert self.replies[-1].says in {"not_asked", "not_offered", "closed"}

    def steps_aside(self) -> None:
        """Have somebody step aside."""
        ask, who = self.one_of(["a1", "a2", "a3"]), self.person()
        self.acts(Act(kind="step_aside", person=who, how="session", ask=ask, comment="A relative."))

    def waits(self) -> None:
        """Let some days pass."""
        days = self.data.draw(st.integers(0, 40))
        self.playing.make(TimePasses(until=self.playing.host.clock + timedelta(days=days, hours=7)))

    def goes_on(self, kinds: Sequence[str]) -> None:
        """Do all of it, in any order."""
        for _ in range(STEPS):
            what = self.data.draw(MOVES)
            if what == "is_due":
                self.does_what_is_due()
            elif what == "records":
                self.records(kinds)
            elif what == "waits":
                self.waits()
            elif what == "steps_aside":
                self.steps_aside()
            elif what == "is_halted":
                self.is_halted()
            else:
                self.anything_else()


ELSE: Final = ("waits", "waits", "steps_aside", "anything_else", "is_halted")
MOVES: Final = st.sampled_from([*["is_due"] * 8, *["records"] * 8, *ELSE])
OFTEN: Final = ("lado_referral_made", "lado_advice_recorded", *GATED)
ALLEGATION_KINDS: Final = (*SAYS, *(kind for kind in OFTEN for _ in range(6)))
DISCIPLINARY_KINDS: Final = (*SAYS, *(kind for kind in (*INTERNAL, "triage_recorded") for _ in range(4)))
EXAMPLES: Final = max(settings().max_examples // 3, 20)
"""How many there are under each of the five packs: they differ in words more than in rules."""

LOOSE: Final = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize("pack", PACKS)
@LOOSE
@given(data=st.data())
def test_whatever_people_do_nothing_internal_precedes_the_advice_about_it(pack: str, data: st.DataObject) -> None:
    category = data.draw(st.sampled_from(Category)).value
    matter = a_matter(a_subject(category=category), allegations=(an_allegation("a1"), an_allegation("a2")))
    driver = Driver(an_opening(whole_pack(pack), "allegation", matter), data, frozenset())
    driver.goes_on(ALLEGATION_KINDS)
    happened = driver.happened
    assert too_early(happened) == []
    assert first_violation(process_of(pack, "allegation").rules, happened) is None
    assert [one.kind for one in happened].count("step_refused") == driver.refused
    event(f"gated steps taken: {sum(one.kind in GATED for one in happened) > 0}")
    event(f"refused: {driver.refused > 0}")


@pytest.mark.meets("DISC-01")
@pytest.mark.parametrize("pack", PACKS)
@LOOSE
@given(data=st.data())
def test_whatever_people_do_no_disciplinary_step_precedes_its_clearance_and_nobody_judges_themselves(
    pack: str, data: st.DataObject
) -> None:
    category = data.draw(st.sampled_from(["employee", "employee", "governor", "volunteer", "pupil"]))
    known = data.draw(st.sampled_from([None, CLEARED]))
    opening = an_opening(whole_pack(pack), "disciplinary", a_matter(a_subject(category=category)), clearance=known)
    found = frozenset(data.draw(st.sets(st.sampled_from([CLEARED, CLEARED_ANEW]))))
    driver = Driver(opening, data, found)
    driver.goes_on(DISCIPLINARY_KINDS)
    happened = driver.happened
    assert uncleared(happened) == []
    assert judged_themselves(happened) == []
    assert first_violation(process_of(pack, "disciplinary").rules, happened) is None
    roads = [one.procedure for one in happened if one.kind == "case_routed"]
    if set(roads) == {"governor"}:
        assert not {one.kind for one in happened} & {"procedure_chosen", "hearing_held"}
        assert {one.sanction for one in happened if one.kind == "decision_made"} <= {"no_action"}
    claimed = [one for one in happened if one.kind == "case_cleared" and one.clearance.case != opening.case]
    assert {one.clearance for one in claimed} <= found
    event(f"steps taken: {sum(one.kind in INTERNAL for one in happened) > 0}")


# What tries to get past it.


class Careless:
    """An allegation whose story begins to investigate at once."""

    def __init__(self, *, by_the_back_door: bool) -> None:
        """Choose whether it goes through the case's one door."""
        self.by_the_back_door = by_the_back_door

    async def run(self, case: Case, opening: Opening) -> AllegationOutcome:
        """Investigate, and then do as the policy says."""
        started = InvestigationStarted(by="duly", investigator="x", allegations=("a1",))
        if self.by_the_back_door:
            case._append(started)
        else:
            case.record(started)
        return await AllegationReferral().run(case, opening)


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize("pack", PACKS)
def test_a_process_that_was_changed_to_investigate_at_once_is_stopped_at_the_one_door(pack: str) -> None:
    opening, people = an_opening(whole_pack(pack)), facts_of(pack).directory
    so_far = play(Careless(by_the_back_door=False), opening, people, BEGINS, ())
    assert [one.kind for one in events(so_far)][:2] == ["step_refused", "allegation_recorded"]
    assert too_early(events(so_far)) == []


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize("pack", PACKS)
def test_a_process_that_goes_round_the_door_is_found_out_by_its_record_alone(pack: str) -> None:
    opening, people = an_opening(whole_pack(pack)), facts_of(pack).directory
    so_far = play(Careless(by_the_back_door=True), opening, people, BEGINS, ())
    found = first_violation(process_of(pack, "allegation").rules, events(so_far))
    assert found is not None
    assert (found[0], found[1].key) == (0, "advice-before-anything-internal")
    assert too_early(events(so_far)) != []


class Impatient(Disciplinary):
    """A disciplinary case that takes itself for cleared."""

    async def run(self, case: Case, opening: Opening) -> DisciplinaryOutcome:
        """Record a step before anything else."""
        case.record(an_entry("notice_given"))
        return await super().run(case, opening)


@pytest.mark.meets("DISC-01")
@pytest.mark.parametrize("pack", PACKS)
def test_a_disciplinary_process_that_was_changed_to_begin_uncleared_is_stopped(pack: str) -> None:
    opening, people = an_opening(whole_pack(pack), "disciplinary"), facts_of(pack).directory
    so_far = play(Impatient(), opening, people, BEGINS, ())
    assert [one.kind for one in events(so_far)][:2] == ["step_refused", "matter_recorded"]


def weakened(pack: str, story: Kind, *keys: str) -> Pack:
    """Return `pack` without the rules `keys` of a process."""
    whole = whole_pack(pack)
    processes = tuple(
        one.model_copy(update={"rules": tuple(rule for rule in one.rules if rule.key not in keys)})
        if one.story == story
        else one
        for one in whole.processes
    )
    return whole.model_copy(update={"processes": processes})


@pytest.mark.parametrize("pack", PACKS)
def test_without_the_rules_the_same_acts_do_come_too_early_so_that_the_proof_can_fail(pack: str) -> None:
    rules = ("advice-before-anything-internal", "investigated-only-as-permitted")
    opening = an_opening(weakened(pack, "allegation", *rules))
    (head,) = whom(played(opening))
    so_far = played(opening, record(head, "investigation_started", "a1"))
    assert too_early(events(so_far)) == [
        "3: investigation_started before the advice",
        "3: investigation_started without leave",
    ]
    conduct = an_opening(weakened(pack, "disciplinary", "cleared-first"), "disciplinary")
    assert uncleared(events(played(conduct, record(head, "notice_given")))) != []


# What may always be done, and by whom.


@pytest.mark.meets(
    "ALLEG-06", "ALLEG-08", "ALLEG-14", "ALLEG-16", "ALLEG-22", "ALLEG-24", "DISC-24", "DISC-26", "INC-11"
)
@pytest.mark.parametrize(
    "kind",
    [
        "police_contacted",
        "social_care_contacted",
        "body_contacted",
        "advice_taken",
        "interim_safeguard_taken",
        "breach_reported",
        "support_offered",
        "police_advised",
        "custody_recorded",
        "evidence_recorded",
        "proceedings_recorded",
        "message_written",
        "lado_referral_made",
        "people_recused",
        "subject_resigned",
    ],
)
@pytest.mark.parametrize("pack", PACKS)
def test_what_keeps_children_from_harm_can_be_recorded_before_anything_else_and_while_the_police_hold_it(
    pack: str, kind: str
) -> None:
    opening = an_opening(whole_pack(pack))
    (head,) = whom(played(opening))
    entry = record(head, kind, "a1")
    so_far = played(opening, entry, record(head, "police_hold_placed"), entry.model_copy(update={"occasion": "again"}))
    assert says(so_far) == ["done", "done", "done"]


@pytest.mark.meets("ALLEG-17")
def test_at_mtoat_nobody_looks_at_images_again_before_the_police_were_asked() -> None:
    opening = an_opening(whole_pack("mtoat"), matter=a_matter(images="unsure"))
    (head,) = whom(played(opening))
    moves = [record(head, kind) for kind in ("evidence_recorded", "custody_recorded", "police_contacted")]
    so_far = played(opening, *moves, record(head, "evidence_recorded"))
    assert says(so_far) == ["refused", "done", "done", "done"]
    assert so_far.replies[0].clause == "leaders-images"


@pytest.mark.parametrize("pack", PACKS)
def test_no_basic_enquiry_comes_before_the_lado_under_any_of_the_five(pack: str) -> None:
    opening = an_opening(whole_pack(pack))
    (head,) = whom(played(opening))
    assert says(played(opening, record(head, "basic_enquiry_made", "a1"))) == ["not_offered"]


def test_an_entry_of_another_day_or_of_what_is_not_alleged_is_not_taken() -> None:
    opening = an_opening(whole_pack("cadmus"))
    (head,) = whom(played(opening))
    tomorrow = record(head, "police_contacted", happened_at=BEGINS + timedelta(days=1))
    unknown = record(head, "lado_referral_made", "nothing")
    about_nothing = record(head, "lado_referral_made")
    assert says(played(opening, tomorrow, unknown, about_nothing)) == ["incomplete"] * 3


def test_a_new_allegation_never_takes_the_name_and_with_it_the_advice_of_another() -> None:
    opening = an_opening(whole_pack("cadmus"))
    (head,) = whom(played(opening))
    cleared = [record(head, "lado_referral_made", "a1"), record(head, "lado_advice_recorded", "a1", permits=ALL)]
    same = {"key": "a1", "subject": "s1", "topic": "befriending_pupils", "what": "Something far worse."}
    new = {**same, "key": "a2"}
    so_far = played(
        opening,
        *cleared,
        record(head, "allegation_added", allegation=same),
        record(head, "allegation_added", allegation=new),
        record(head, "investigation_started", "a2"),
        record(head, "investigation_started", "a1", "a2"),
        record(head, "investigation_started", "a1"),
    )
    assert says(so_far)[2:] == ["incomplete", "done", "refused", "refused", "done"]


def test_a_host_that_lost_the_answer_about_a_clearance_lets_nothing_through() -> None:
    opening = an_opening(whole_pack("cadmus"), "disciplinary", clearance=CLEARED)
    so_far = played(opening, clearances=frozenset())
    assert so_far.standing.outcome == "refused"
    assert "case_cleared" not in [one.kind for one in events(so_far)]
    assert isinstance(MemoryHost(opening, facts_of("cadmus").directory, BEGINS).now(), datetime)
