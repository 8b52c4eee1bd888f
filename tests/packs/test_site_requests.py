"""Requests for a site under the packs that come with Duly: what is refused, who is asked, and in which order."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cases import Act
from domain.events import Approved, AskOpened, Confirmed, Recorded, SiteApproved, SiteRegistered
from domain.fields import Raw
from domain.forms import check
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
from workflows.explorer import explore
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
    for so_far in explore(SiteCreation, opening, facts_of(pack).directory, BEGINS, len(steps) + 1):
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


def test_a_line_manager_who_is_the_headteacher_cannot_decide_twice() -> None:
    changes: dict[str, Raw] = {"line_manager": "Helen Marsh"}
    opening = an_opening(whole_pack("cadmus"), {**whole_form("cadmus"), **changes})
    moves: tuple[Act, ...] = ()
    for _ in range(3):
        moves = (*moves, an_answer(opening, played(opening, *moves)))
    end = played(opening, *moves)
    assert [reply.says for reply in end.replies] == ["done", "done", "refused"]
    assert isinstance(end.events[-1], Recorded)
    assert end.events[-1].event.kind == "step_refused"
