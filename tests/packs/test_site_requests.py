"""Requests for a site under the packs that come with Duly: what is refused, who is asked, and in which order."""

from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import morning_of
from domain.cases import Act, Opening
from domain.events import Approved, AskOpened, Confirmed, DatePassed, SiteApproved, SiteRegistered
from domain.fields import ManyOf, Raw
from domain.forms import Fault, check
from domain.order import first_violation
from tests.packs.trying import (
    BEGINS,
    OFFERING,
    TODAY,
    all_approve,
    an_answer,
    an_opening,
    facts_of,
    form_of,
    history,
    played,
    sample,
    whole_form,
    whole_pack,
)
from workflows.explorer import TimePasses
from workflows.explorer_search import every_play
from workflows.site_creation import SiteCreation

OUTSIDERS: Final = ("family", "other_pupils", "external", "public", "others")
LONG_AGO: Final = ("1", "9", "2026")


def faults(pack: str, **changes: Any) -> list[str]:
    """Return the questions that are at fault in the whole form with `changes`."""
    raw: dict[str, Raw] = {**whole_form(pack), **changes}
    return [fault.field for fault in check(form_of(whole_pack(pack)), raw, facts_of(pack)).faults]


@pytest.mark.meets("SITE-01", "SITE-09", "SITE-12", "SITE-13", "SITE-20", "SITE-24", "SITE-28", "SITE-29", "SITE-30")
@pytest.mark.parametrize(
    ("changes", "at_fault"),
    [
        ({"department": " "}, "department"),
        ({"author": "Somebody Else"}, "author"),
        ({"author": "Colin Frost"}, "author"),  # has left
        ({"author": "Wendy Archer"}, "author"),  # a volunteer whom nobody authorised
        ({"line_manager": "priya.shah@cadmus.example"}, "line_manager"),
        ({"line_manager": "P. Shah"}, "line_manager"),
        ({"aims": "\u200b\u00a0"}, "aims"),
        ({"content": "\n \u2060"}, "content"),
        ({"audience": ()}, "audience"),
        ({"audience_age_from": ""}, "audience_age_from"),
        ({"audience_age_from": "1"}, "audience_age_from"),
        ({"audience_age_to": "20"}, "audience_age_to"),
        ({"audience_age_from": "12", "audience_age_to": "11"}, "audience_age_to"),
        ({"audience_schools": ""}, "audience_schools"),
        ({"audience_others": " "}, "audience_others"),
        ({"contributors": ()}, "contributors"),
        ({"contributors": ("team", "staff")}, "contributors"),
        ({"contributors_age_to": "20"}, "contributors_age_to"),
        ({"contributors_schools": ""}, "contributors_schools"),
        ({"contributing": ()}, "contributing"),
        ({"contributing": ("text", "films")}, "contributing"),
        ({"contributing_others": " "}, "contributing_others"),
        ({"administrators": ("Priya Shah",)}, "administrators"),
        ({"administrators": ("Priya Shah", "P SHAH")}, "administrators"),
        ({"administrators": ("Priya Shah", "Priya.Shah+site@cadmus.example")}, "administrators"),
        ({"administrators": ("Priya Shah", "Wendy Archer")}, "administrators"),
        ({"administrators": ("Priya Shah", "Colin Frost")}, "administrators"),
        ({"moderators": ("Amir Khan", " amir  khan")}, "moderators"),
        ({"moderators": ("Amir Khan", "Wendy Archer")}, "moderators"),
        ({"vetter": ""}, "vetter"),
        ({"vetter": "The village museum"}, "vetter"),
        ({"vetter": "Wendy Archer"}, "vetter"),
        ({"host": ""}, "host"),
        ({"host": ("school", "third_party")}, "host"),
        ({"host_name": ""}, "host_name"),
        ({"host_minimum_age": ""}, "host_minimum_age"),
        ({"go_live_date": TODAY.isoformat()}, "go_live_date"),
        ({"go_live_date": "2026-02-30"}, "go_live_date"),
        ({"closure_date": sample("cadmus")["go_live_date"]}, "closure_date"),
        ({"closure_date": ("1", "1", "2030")}, "closure_date"),
        ({"advertising": ""}, "advertising"),
        ({"consent": ""}, "consent"),
        ({"security": ""}, "security"),
        ({"children_checklist": ("risks", "suitable")}, "children_checklist"),
        ({"children_checklist": ()}, "children_checklist"),
        ({"discussed_on": ("1", "1", "2027")}, "discussed_on"),
    ],
)
def test_cadmus_refuses_what_its_form_does_not_allow(changes: dict[str, Any], at_fault: str) -> None:
    assert faults("cadmus", **changes) == [at_fault]


@pytest.mark.parametrize(
    "changes",
    [
        {"administrators": ("Priya Shah", "Victor Lindqvist")},  # a contractor whom the headteacher authorised
        {"moderators": ("Priya Shah", "Amir Khan")},  # two people do everything: pointed out, not refused
        {"contributors": ("team",), "vetter": "", "advertising": "", "consent": "", "learning_disabilities": "no"},
        {"contributors": ("team",), "contributing": (), "consent": "", "learning_disabilities": "no"},
        {"contributing": ("comments",)},
        {"audience": ("staff",), "contributors": ("staff",), "children_checklist": (), "learning_disabilities": "no"},
        {"host": "school", "host_name": "", "host_minimum_age": "", "intervention": ""},
        {"discussed_on": LONG_AGO},
        {"audience_age_from": "2", "audience_age_to": "19"},
    ],
)
def test_cadmus_takes_what_its_form_allows(changes: dict[str, Any]) -> None:
    assert faults("cadmus", **changes) == []


@pytest.mark.meets("SITE-10", "SITE-30", "SITE-34")
@pytest.mark.parametrize("outsider", OUTSIDERS)
def test_anybody_from_outside_who_contributes_has_to_be_vetted_and_advertised_for(outsider: str) -> None:
    changes = {"contributors": (outsider,), "learning_disabilities": "no", "vetter": "", "advertising": ""}
    assert faults("cadmus", **changes) == ["vetter", "advertising"]


@pytest.mark.meets("LIFE-05")
@pytest.mark.parametrize("contributor", ["pupils", "staff", *OUTSIDERS])
def test_whoever_contributes_besides_the_team_it_is_said_what_they_will_be_able_to_do(contributor: str) -> None:
    changes = {"contributors": (contributor,), "learning_disabilities": "no"}
    assert faults("cadmus", contributing=(), **changes) == ["contributing"]
    asked = form_of(whole_pack("cadmus")).question("contributing")
    assert isinstance(asked, ManyOf)
    assert [option.label for option in asked.options] == [
        "Add their own text",
        "Add their own comments",
        "Upload images",
        "Something else",
    ]


@pytest.mark.meets("SITE-35")
@pytest.mark.parametrize(
    "changes",
    [
        {"contributors": ("pupils",), "learning_disabilities": "no"},
        {"contributors": ("other_pupils",), "learning_disabilities": "no"},
        {"contributors": ("staff",), "learning_disabilities": "yes"},
        {"contributors": ("staff",), "learning_disabilities": "unsure"},
    ],
)
def test_children_and_adults_with_learning_disabilities_contribute_only_with_consent(changes: dict[str, Any]) -> None:
    assert faults("cadmus", consent="", **changes) == ["consent"]


@pytest.mark.meets("SITE-09")
@pytest.mark.parametrize("who", ["audience", "contributors"])
def test_pupils_younger_than_the_host_allows_need_a_reason_from_whoever_approves(who: str) -> None:
    raw: dict[str, Raw] = {**whole_form("cadmus"), "host_minimum_age": "11", f"{who}_age_from": "10"}
    raw["contributors_age_from" if who == "audience" else "audience_age_from"] = "11"
    shown = check(form_of(whole_pack("cadmus")), raw, facts_of("cadmus")).overrides
    assert [override.field for override in shown] == [f"{who}_age_from"]
    opening = an_opening(whole_pack("cadmus"), raw)
    opening = opening.model_copy(
        update={"request": opening.request.model_copy(update={"overrides": (shown[0].message,)})}
    )
    asked = played(opening)
    assert played(opening, an_answer(opening, asked, comment="")).replies[0].says == "incomplete"
    assert played(opening, an_answer(opening, asked, comment="Parents agreed.")).replies[0].says == "done"


@pytest.mark.meets("SITE-41", "SITE-44")
@pytest.mark.parametrize(
    ("changes", "at_fault"),
    [
        ({"kind": ""}, "kind"),
        ({"reason": ""}, "reason"),
        ({"reason": "fun"}, "reason"),
        ({"justification": "\u00a0"}, "justification"),
        ({"reputation": ""}, "reputation"),
        ({"reputation": "yes", "reputation_how": ""}, "reputation_how"),
        ({"reputation": "unsure", "reputation_how": ""}, "reputation_how"),
        ({"go_live_date": TODAY.isoformat()}, "go_live_date"),
    ],
)
def test_newall_green_refuses_what_its_policy_does_not_allow(changes: dict[str, Any], at_fault: str) -> None:
    assert faults("newall-green", **changes) == [at_fault]


@pytest.mark.meets("SITE-45", "SITE-46", "SITE-47", "PART-05")
@pytest.mark.parametrize(
    ("changes", "at_fault"),
    [
        ({"author": "Joy Abbott"}, "author"),  # a volunteer whom nobody authorised
        ({"platform": " "}, "platform"),
        ({"uses": ()}, "uses"),
        ({"content": "\u00a0"}, "content"),
        ({"go_live_date": TODAY.isoformat()}, "go_live_date"),
        # The account is the school's.
        ({"owner": ""}, "owner"),
        ({"owner": "ella.marsh@mtoat.example"}, "owner"),
        ({"mailbox": "\u200b"}, "mailbox"),
        ({"custodian": ""}, "custodian"),
        ({"custodian": "Neil Parry"}, "custodian"),  # has left
        ({"custodian": "Joy Abbott"}, "custodian"),
        ({"official": ()}, "official"),
        ({"official": ("shared", "stays")}, "official"),
        # Those who run it are named, and trained.
        ({"administrators": ()}, "administrators"),
        ({"administrators": ("The office",)}, "administrators"),
        ({"administrators": ("E Marsh",)}, "administrators"),  # two people may be meant
        ({"administrators": ("Neil Parry",)}, "administrators"),
        ({"operators": ()}, "operators"),
        ({"admin_operators": ()}, "admin_operators"),
        ({"admin_operators": ("Edith Marsh", "edith.marsh@mtoat.example")}, "admin_operators"),
        ({"admin_trained_on": ""}, "admin_trained_on"),
        ({"admin_trained_on": ("1", "1", "2027")}, "admin_trained_on"),
        ({"student_operators": ()}, "student_operators"),
        ({"student_operators": ("Joy Abbott",)}, "student_operators"),
        ({"students_trained_on": ""}, "students_trained_on"),
        ({"students_trained_on": ("1", "1", "2027")}, "students_trained_on"),
        ({"students_overseen_by": ""}, "students_overseen_by"),
    ],
)
def test_mtoat_refuses_what_its_policy_does_not_allow(changes: dict[str, Any], at_fault: str) -> None:
    assert faults("mtoat", **changes) == [at_fault]


@pytest.mark.parametrize(
    "changes",
    [
        {"operators": ("admin_team",), "student_operators": (), "students_trained_on": "", "students_overseen_by": ""},
        {"operators": ("students",), "admin_operators": (), "admin_trained_on": ""},
        {"administrators": ("Kit Sorensen",)},  # a contractor whom the headteacher authorised
        {"admin_trained_on": LONG_AGO},
        {"custodian": "Ella Marsh"},  # who asks for it herself: pointed out, not refused
    ],
)
def test_mtoat_takes_what_its_policy_allows(changes: dict[str, Any]) -> None:
    assert faults("mtoat", **changes) == []


def seats_asked(pack: str, **changes: Any) -> list[str]:
    opening = an_opening(whole_pack(pack), {**whole_form(pack), **changes})
    return [event.seat for event in history(played(opening, *all_approve(opening))) if isinstance(event, AskOpened)]


@pytest.mark.meets("SITE-14", "SITE-15")
@pytest.mark.parametrize("host", ["school", "third_party"])
def test_whoever_hosts_the_site_the_same_are_asked_in_the_same_order(host: str) -> None:
    assert seats_asked("cadmus", host=host) == ["line_manager", "communications_manager", "headteacher"]


@pytest.mark.meets("SITE-42", "SITE-43")
@pytest.mark.parametrize("kind", ["website", "social_media", "messaging_group"])
def test_at_newall_green_the_headteacher_alone_decides_on_every_kind_of_site(kind: str) -> None:
    assert seats_asked("newall-green", kind=kind) == ["headteacher"]


@pytest.mark.meets("SITE-43")
def test_at_newall_green_three_facts_are_on_record_before_the_site() -> None:
    opening = an_opening(whole_pack("newall-green"))
    events = history(played(opening, *all_approve(opening)))
    kinds = [event.confirmation if isinstance(event, Confirmed) else event.kind for event in events]
    assert kinds[2:7] == ["discussed", "authorised", "agreed", "approved", "site_approved"]


@pytest.mark.meets("SITE-47")
@pytest.mark.parametrize("kind", ["website", "facebook", "twitter", "other"])
def test_at_mtoat_the_leadership_agrees_once_on_every_kind_of_site(kind: str) -> None:
    assert seats_asked("mtoat", kind=kind) == ["headteacher"]


@pytest.mark.meets("SITE-45", "SITE-46", "SITE-47")
def test_at_mtoat_who_owns_who_is_trained_and_what_is_appropriate_are_on_record_before_the_site() -> None:
    opening = an_opening(whole_pack("mtoat"))
    events = history(played(opening, *all_approve(opening)))
    kinds = [event.confirmation if isinstance(event, Confirmed) else event.kind for event in events]
    assert kinds[2:8] == ["owned", "trained", "content", "approved", "site_approved", "site_registered"]


@pytest.mark.meets("SITE-16")
def test_that_the_headteacher_was_consulted_is_an_event_of_its_own_before_the_approval() -> None:
    opening = an_opening(whole_pack("cadmus"))
    events = history(played(opening, *all_approve(opening)))
    consulted = [place for place, event in enumerate(events) if getattr(event, "confirmation", "") == "consulted"]
    final = [place for place, event in enumerate(events) if isinstance(event, Approved)][-1]
    assert len(consulted) == 1
    assert consulted[0] < final


@pytest.mark.meets("SITE-39", "SITE-40")
def test_each_signs_under_the_sentence_of_the_form_which_is_kept_with_name_and_time() -> None:
    opening = an_opening(whole_pack("cadmus"))
    so_far = played(opening, *all_approve(opening))
    signed = {
        recorded.event.step: (recorded.event.signature, recorded.at)
        for recorded in so_far.events
        if isinstance(recorded.event, Approved)
    }
    assert {step: signature.attestation for step, (signature, _) in signed.items()} == {
        "line_manager": "I approve the aims and content of the proposed site.",
        "communications_manager": (
            "I approve the aims and content of the proposed site and the use of school brand and logo."
        ),
        "headteacher": "I give final approval for the proposed site.",
    }
    assert all(signature.name == "A name" and at == BEGINS for signature, at in signed.values())


def test_the_form_asks_in_the_words_of_appendix_one() -> None:
    labels = {question.key: question.label for question in form_of(whole_pack("cadmus")).questions()}
    printed = {
        "department": "Department",
        "author": "Name of author of site",
        "line_manager": "Author's line manager",
        "aims": "What are the aims you propose to achieve by setting up this site?",
        "content": "What is the proposed content of the site?",
        "administrators": "Names of administrators",
        "moderators": "Names of moderators",
        "vetter": "Who will vet external contributors?",
        "host": "Who will host the site?",
        "go_live_date": "Proposed date of going live",
        "closure_date": "Proposed date for site closure",
        "advertising": "How do you propose to advertise for external contributors?",
        "consent": (
            "If contributors include children or adults with learning disabilities how do you propose to inform and"
            " obtain consent of parents or responsible adults?"
        ),
        "security": (
            "What security measures will you take to prevent unwanted or unsuitable individuals from contributing or"
            " becoming 'friends' of the site?"
        ),
    }
    assert {key: labels[key] for key in printed} == printed


@pytest.mark.meets("SITE-37")
@pytest.mark.parametrize("pack", OFFERING)
def test_nobody_decides_a_form_that_they_have_not_been_shown(pack: str) -> None:
    opening = an_opening(whole_pack(pack))
    asked = played(opening)
    assert played(opening, an_answer(opening, asked, opened_at=None)).replies[0].says == "not_opened"
    assert played(opening, an_answer(opening, asked, version=2)).replies[0].says == "wrong_version"


@pytest.mark.meets("SITE-12", "SITE-18", "SITE-19", "SITE-38")
@pytest.mark.parametrize("pack", OFFERING)
def test_whatever_people_and_clocks_do_no_site_comes_before_the_last_approval(pack: str) -> None:
    opening = an_opening(whole_pack(pack))
    steps = [step.key for step in opening.process.steps]
    ends = 0
    for so_far in every_play(SiteCreation, opening, facts_of(pack).directory, BEGINS, len(steps) + 1):
        events = history(so_far)
        assert first_violation(opening.process.rules, events) is None
        for place, event in enumerate(events):
            if isinstance(event, SiteApproved | SiteRegistered):
                assert [one.step for one in events[:place] if isinstance(one, Approved)] == steps
            if isinstance(event, SiteRegistered):
                assert event.school == opening.school
                ends += 1
    assert ends > 0


@given(st.permutations(["line_manager", "communications_manager", "headteacher"]))
def test_a_history_in_which_somebody_decided_out_of_order_is_recognised(order: list[str]) -> None:
    opening = an_opening(whole_pack("cadmus"))
    events = history(played(opening, *all_approve(opening)))
    decisions = {event.step: event for event in events if isinstance(event, Approved)}
    confirmed = [event for event in events if isinstance(event, Confirmed)]
    violation = first_violation(opening.process.rules, [*confirmed, *(decisions[step] for step in order)])
    assert (violation is None) == (order[-1] == "headteacher")


def who_decides(opening: Opening) -> list[str]:
    """Return the names of the first who is asked at each step, each of whom approves."""
    directory = facts_of(opening.organisation).directory
    approved = [event for event in history(played(opening, *all_approve(opening))) if isinstance(event, Approved)]
    return [person.name for event in approved if (person := directory.person(event.by))]


@pytest.mark.meets("SITE-14", "SITE-38")
@pytest.mark.parametrize(
    ("author", "line_manager", "deciding"),
    [
        ("Priya Shah", "Tom Fielding", ["Tom Fielding", "Grace Okafor", "Helen Marsh"]),
        # The line manager is the headteacher.
        ("Tom Fielding", "Helen Marsh", ["Helen Marsh", "Grace Okafor", "Daniel Reyes"]),
        # The author is the headteacher, whose line manager nobody is.
        ("Helen Marsh", "Daniel Reyes", ["Daniel Reyes", "Grace Okafor", "Ivor Penhale"]),
        # The author is the communications manager, and the deputy who stands in.
        ("Grace Okafor", "Helen Marsh", ["Helen Marsh", "Daniel Reyes", "Ivor Penhale"]),
        ("Daniel Reyes", "Helen Marsh", ["Helen Marsh", "Grace Okafor", "Ivor Penhale"]),
    ],
)
def test_somebody_free_to_decide_is_asked_up_to_the_chair_of_governors(
    author: str, line_manager: str, deciding: list[str]
) -> None:
    changes: dict[str, Raw] = {"author": author, "line_manager": line_manager}
    assert who_decides(an_opening(whole_pack("cadmus"), {**whole_form("cadmus"), **changes})) == deciding


@pytest.mark.meets("SITE-14")
def test_a_line_manager_who_sends_the_request_for_somebody_does_not_decide_it() -> None:
    opening = an_opening(whole_pack("cadmus"))
    sent_by = opening.request.model_copy(update={"starter": opening.request.answers["line_manager"]})
    deciding = who_decides(opening.model_copy(update={"request": sent_by}))
    assert deciding == ["Daniel Reyes", "Grace Okafor", "Helen Marsh"]


@pytest.mark.parametrize(
    ("pack", "author", "decides"),
    [
        ("mtoat", "Julian Frost", "Anita Desai"),
        ("mtoat", "Anita Desai", "Julian Frost"),
        ("newall-green", "Margaret Dunne", "Samir Haddad"),
        ("newall-green", "Samir Haddad", "Margaret Dunne"),
    ],
)
def test_a_headteacher_who_decides_alone_never_decides_their_own_request(pack: str, author: str, decides: str) -> None:
    opening = an_opening(whole_pack(pack), {**whole_form(pack), "author": author})
    assert who_decides(opening) == [decides]


@pytest.mark.meets("PLAT-06")
def test_whoever_has_a_conflict_of_interest_steps_aside_and_somebody_else_is_asked() -> None:
    opening = an_opening(whole_pack("cadmus"))
    first = an_answer(opening, played(opening))
    aside = Act(kind="step_aside", person=first.person, how="link", ask="a1", comment="The author is my sister.")
    directory = facts_of("cadmus").directory
    deciding = [directory.person(one.person) for one in played(opening, aside).asked["a1"]]
    assert [person.name for person in deciding if person] == ["Daniel Reyes"]
    assert played(opening, aside, first).replies[-1].says == "not_asked"


@pytest.mark.meets("SITE-28")
def test_an_approval_of_a_form_that_does_not_hold_any_more_counts_for_nothing_and_goes_back() -> None:
    opening = an_opening(whole_pack("cadmus"))
    first = an_answer(opening, played(opening))
    gone = (Fault(field="administrators", message="Amir Khan has left"),)
    end = played(opening, first, an_answer(opening, played(opening, first), unfit=gone))
    assert [reply.says for reply in end.replies] == ["done", "unfit"]
    assert [ask.step for ask in end.standing.asks] == ["changes"]
    assert end.standing.outcome is None


@pytest.mark.meets("SITE-32")
def test_when_the_day_of_going_live_comes_first_the_author_is_asked_for_another() -> None:
    opening = an_opening(whole_pack("cadmus"))
    day = date.fromisoformat(str(opening.request.answers["go_live_date"]))
    end = played(opening, an_answer(opening, played(opening)), TimePasses(until=morning_of(day)))
    assert [(ask.step, ask.seat) for ask in end.standing.asks] == [("changes", "author")]
    assert [event.day for event in history(end) if isinstance(event, DatePassed)] == [day]


@pytest.mark.meets("SITE-38")
def test_of_a_form_that_was_changed_every_approval_is_asked_for_again_unless_nothing_material_changed() -> None:
    opening = an_opening(whole_pack("cadmus"))
    first, request = an_answer(opening, played(opening)), opening.request

    def asked_after(key: str) -> list[str]:
        changed = request.model_copy(update={"answers": request.answers | {key: "2027-06-01"}})
        edit = Act(kind="edit", person=request.author, how="session", version=1, request=changed)
        return [ask.step for ask in played(opening, first, edit).standing.asks]

    questions = form_of(whole_pack("cadmus")).questions()
    kept = {question.key for question in questions if asked_after(question.key) != ["line_manager"]}
    assert kept == {"department", "evaluation"}
