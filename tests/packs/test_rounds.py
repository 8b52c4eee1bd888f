"""What the five packs say of the life of a site, of reviews and of acknowledgements, among the demo's people."""

import re
from datetime import date, timedelta
from typing import Final

import pytest

from domain.calendar import local_day
from domain.cases import Act, Opening, Present
from domain.events import Escalated, Verdict
from domain.fields import Value
from domain.pack import Pack
from domain.people import PersonKind
from domain.round_entries import (
    BoardDecided,
    DateComing,
    DocumentSigned,
    ReviewOpened,
    SignatureChased,
    VersionAdopted,
)
from tests.packs.rounds import (
    a_life,
    a_review,
    a_signature,
    all_opened,
    an_approval,
    an_entry,
    asked_for,
    events,
    everybody,
    holder,
    live,
    on,
    person,
    played,
    process_of,
    record,
    says,
)
from tests.packs.trying import OFFERING, PACKS, TODAY, whole_pack
from workflows.explorer import Move, Played

_STRAIGHT: Final = {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'}
"""Quotation marks as a keyboard has them."""

LAW: Final = {"kcsie-4", "kcsie-4-records", "acas", "acas-appeal", "limitation"}
"""The clauses that are of the law or of guidance, and of no policy."""

CLOSES: Final = TODAY + timedelta(days=300)
"""The day on which the demo's site of Cadmus is to be closed."""


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.translate(_STRAIGHT)).strip()


@pytest.mark.parametrize("pack", PACKS)
def test_every_quotation_of_a_policy_stands_in_its_text(pack: str) -> None:
    whole = whole_pack(pack)
    text = plain(whole.document.text)
    quoted = {clause.id: plain(clause.quoted) for clause in whole.clauses if clause.id not in LAW}
    assert [key for key, words in quoted.items() if words not in text] == []


@pytest.mark.meets("REV-01", "REV-03", "REV-04", "REV-07")
@pytest.mark.parametrize(
    ("pack", "name"),
    [
        *[
            ("cadmus", name)
            for name in (
                "title",
                "owner",
                "version",
                "status",
                "purpose",
                "period",
                "approved_on",
                "updated_by",
                "effective_from",
                "issued_on",
                "last_reviewed",
                "review_date",
                "signed_on",
            )
        ],
        *[
            ("newall-green", name)
            for name in (
                "title",
                "updated_by",
                "approved_on",
                "issued_on",
                "review_date",
                "supersedes",
                "amendments",
                "related",
            )
        ],
        *[("societas", name) for name in ("title", "approved_by", "issued_on", "last_reviewed", "review_date")],
        *[("mtoat", name) for name in ("issued_on",)],
        *[("redhill", name) for name in ("title",)],
    ],
)
def test_what_document_control_says_stands_in_the_text_as_it_is_printed(pack: str, name: str) -> None:
    document = whole_pack(pack).document
    assert plain(getattr(document, name)).rstrip(".") in plain(document.text)


@pytest.mark.meets("REV-01")
@pytest.mark.parametrize(
    ("pack", "labels"),
    [
        ("newall-green", ("Date", "Supersedes", "Amendments", "Related Policies/Guidance", "Review", "Author")),
        ("newall-green", ("Date adopted",)),
        ("societas", ("Date of Policy", "Reviewed and Agreed by", "Review Date", "Next Review Date")),
        ("cadmus", ("Owner", "Version", "Status", "Approved on", "Last updated by", "Effective from", "Review date")),
        ("cadmus", ("Purpose", "Issue")),
    ],
)
def test_what_a_policy_prints_about_itself_is_kept_under_the_words_that_it_prints(
    pack: str, labels: tuple[str, ...]
) -> None:
    document = whole_pack(pack).document
    kept = dict(document.marks)
    assert [label for label in labels if f"{label}: {kept[label]}" not in document.text.splitlines()] == []


# The life of a site.


def lives(pack: str, *moves: Move) -> tuple[Opening, Played]:
    opening = a_life(whole_pack(pack))
    owner = str(opening.request.answers["author"])
    return opening, played(opening, record(owner, live(everybody(opening))), *moves)


@pytest.mark.meets("LIFE-02")
@pytest.mark.parametrize("pack", OFFERING)
def test_an_approved_site_is_looked_after(pack: str) -> None:
    process = whole_pack(pack).process("site_creation")
    assert process is not None
    assert process.leads_to == "site_life"
    assert process_of(whole_pack(pack), "site_life").key == "site_life"


@pytest.mark.parametrize("pack", ["redhill", "societas"])
def test_a_policy_that_approves_no_site_looks_after_none_and_says_why(pack: str) -> None:
    whole = whole_pack(pack)
    assert whole.told_by("site_life") is None
    assert {"site_creation", "site_life"} <= {one.key for one in whole.not_offered}


@pytest.mark.meets("LIFE-07")
@pytest.mark.parametrize("pack", OFFERING)
def test_the_author_is_asked_and_the_headteacher_where_nobody_does_it(pack: str) -> None:
    opening = a_life(whole_pack(pack))
    so_far = played(opening, on(TODAY + timedelta(days=80)))
    assert asked_for(so_far) == ["go_live"]
    people = [one.person for one in so_far.asked["a1"]]
    assert people == [opening.request.answers["author"], holder(pack, "headteacher")]


@pytest.mark.meets("LIFE-03", "LIFE-04", "LIFE-13", "LIFE-14", "SITE-06")
@pytest.mark.parametrize(
    ("pack", "rounds"),
    [
        ("cadmus", {"site_review": 2, "evaluation": 1}),
        ("mtoat", {"leadership_consulted": 2, "site_review": 1}),
        ("newall-green", {"site_review": 2}),
    ],
)
def test_each_policy_has_its_site_looked_at_as_often_as_it_says(pack: str, rounds: dict[str, int]) -> None:
    kinds = {
        "site_review": "site_reviewed",
        "leadership_consulted": "leadership_consulted",
        "evaluation": "site_evaluated",
    }
    opening, _ = lives(pack)
    owner = str(opening.request.answers["author"])
    spring, summer = date(2027, 3, 25), date(2027, 7, 21)
    each_term = kinds[next(iter(rounds))]
    done = record(owner, an_entry(each_term))
    moves = (on(spring), done, on(summer), done.model_copy(update={"occasion": "again"}), on(date(2027, 11, 30)))
    _, so_far = lives(pack, *moves[:4])
    assert asked_for(so_far).count(next(iter(rounds))) == 2
    _, later = lives(pack, *moves)
    assert {key: asked_for(later).count(key) for key in rounds} == rounds | {next(iter(rounds)): 3}


@pytest.mark.meets("LIFE-03")
def test_a_site_that_nobody_looks_at_comes_to_the_headteacher() -> None:
    _, so_far = lives("cadmus", on(date(2027, 4, 16)))
    escalated = [event for event in events(so_far) if isinstance(event, Escalated)]
    assert [event.step for event in escalated] == ["site_review"]
    assert escalated[0].to[0] == "headteacher"


@pytest.mark.meets("LIFE-03", "LIFE-13")
@pytest.mark.parametrize("pack", OFFERING)
def test_whoever_finds_a_site_wanting_has_the_headteacher_told_at_once_and_asked_where_it_stays_so(pack: str) -> None:
    process = process_of(whole_pack(pack), "site_life")
    told = [one.to for one in process.notices if one.on == "site_reviewed"]
    assert told == [("headteacher",)]
    opening, _ = lives(pack)
    owner = str(opening.request.answers["author"])
    wanting = an_entry("site_reviewed").model_copy(update={"maintained": "no", "note": "Nobody has the time."})
    _, found = lives(pack, record(owner, wanting))
    assert "site_review" in asked_for(found)
    _, later = lives(pack, record(owner, wanting), on(TODAY + timedelta(days=40)))
    assert [event.step for event in events(later) if isinstance(event, Escalated)] == ["site_review"]
    assert ("closure_proposed" in [event.kind for event in events(later)]) == (pack == "cadmus")


@pytest.mark.meets("LIFE-01", "LIFE-06", "SITE-28")
def test_at_cadmus_no_site_goes_live_with_fewer_than_two_who_are_trained() -> None:
    opening = a_life(whole_pack("cadmus"))
    owner, team = str(opening.request.answers["author"]), everybody(opening)
    assert says(played(opening, record(owner, live(team[:1])))) == ["incomplete"]
    assert says(played(opening, record(owner, live(team)))) == ["done"]
    rules_missing = live(team).model_copy(update={"terms_published": "no"})
    assert says(played(opening, record(owner, rules_missing))) == ["incomplete"]


@pytest.mark.meets("LIFE-09")
def test_at_cadmus_too_few_are_told_of_at_once_and_posting_is_to_be_suspended_after_five_working_days() -> None:
    opening, _ = lives("cadmus")
    team = everybody(opening)
    gone = Act(kind="cover", person="duly", how="duly", present=Present(administrators=team[:1], moderators=team[2:]))
    process = process_of(whole_pack("cadmus"), "site_life")
    assert [one.to for one in process.notices if one.on == "cover_changed"] == [("site_owner", "headteacher")]
    _, in_time = lives("cadmus", gone, on(date(2026, 11, 30)))
    assert "suspend" not in asked_for(in_time)
    _, so_far = lives("cadmus", gone, on(date(2026, 12, 1)))
    assert asked_for(so_far) == ["suspend"]
    back = gone.model_copy(update={"present": Present(administrators=team[:2], moderators=team[2:])})
    _, again = lives("cadmus", gone, back, on(date(2026, 12, 1)))
    assert "suspend" not in asked_for(again)


@pytest.mark.parametrize("pack", ["mtoat", "newall-green"])
def test_a_policy_that_names_no_number_of_people_asks_for_none(pack: str) -> None:
    assert process_of(whole_pack(pack), "site_life").cover is None


@pytest.mark.meets("LIFE-02", "LIFE-04", "LIFE-15")
def test_at_cadmus_a_site_is_reminded_of_its_closing_asked_to_be_closed_and_closed_with_its_contacts_removed() -> None:
    _, so_far = lives("cadmus", on(CLOSES))
    coming = [event.days for event in events(so_far) if isinstance(event, DateComing)]
    assert coming == [90, 28, 7]
    assert "close" in asked_for(so_far)
    opening, _ = lives("cadmus")
    owner = str(opening.request.answers["author"])
    closing = an_entry("site_closed", CLOSES)
    kept = closing.model_copy(update={"contacts_removed": "no"})
    _, done = lives("cadmus", on(CLOSES), record(owner, kept), record(owner, closing))
    assert says(done) == ["done", "incomplete", "done"]
    assert done.standing.outcome == "closed"


@pytest.mark.meets("LIFE-02", "LIFE-05", "LIFE-08")
@pytest.mark.parametrize("pack", OFFERING)
def test_a_change_of_a_site_needs_the_same_people_in_the_same_order_as_a_new_one(pack: str) -> None:
    whole = whole_pack(pack)
    created, lives_on = whole.process("site_creation"), process_of(whole, "site_life")
    assert created is not None
    assert [step.seats for step in lives_on.steps] == [step.seats for step in created.steps]
    assert lives_on.changes is not None
    assert lives_on.changes.back_to == lives_on.steps[0].key
    assert approvals_of(whole, content="Films too") == [step.key for step in lives_on.steps]


@pytest.mark.meets("LIFE-05")
@pytest.mark.parametrize("able", [("text",), ("text", "comments"), ("text", "comments", "images", "others")])
def test_what_contributors_may_do_changes_only_with_the_approvals_of_a_new_site(able: tuple[str, ...]) -> None:
    whole = whole_pack("cadmus")
    assert a_life(whole).request.answers["contributing"] == ("text", "comments", "images")
    assert approvals_of(whole, contributing=able) == ["line_manager", "communications_manager", "headteacher"]


def approvals_of(pack: Pack, **changes: Value) -> list[str]:
    """Return the steps that approve a change of those answers before it stands."""
    opening, lives_on = a_life(pack), process_of(pack, "site_life")
    answers = opening.request.answers | changes
    changed = opening.request.model_copy(update={"answers": answers})
    moves: tuple[Move, ...] = (
        Act(kind="edit", person=str(answers["author"]), how="session", version=1, request=changed),
    )
    asked = []
    while asks := [one for one in played(opening, *moves).standing.asks if lives_on.step(one.step)]:
        asked.append(asks[0].step)
        assert "site_changed" not in [event.kind for event in events(played(opening, *moves))]
        moves = (*moves, an_approval(opening, played(opening, *moves)))
    assert events(played(opening, *moves))[-1].kind == "site_changed"
    return asked


@pytest.mark.parametrize(
    ("pack", "kind"),
    [
        ("cadmus", "site_reviewed"),
        ("cadmus", "site_evaluated"),
        ("mtoat", "leadership_consulted"),
        ("mtoat", "site_reviewed"),
        ("newall-green", "site_reviewed"),
    ],
)
def test_nobody_looks_at_a_site_that_is_not_live(pack: str, kind: str) -> None:
    opening = a_life(whole_pack(pack))
    owner = str(opening.request.answers["author"])
    refused = played(opening, record(owner, an_entry(kind)))
    assert says(refused) == ["refused"]
    assert events(refused)[-1].kind == "step_refused"


# Reviews.

DRAFT_TASKS: Final = {
    "cadmus": ["draft", "approval"],
    "mtoat": ["draft", "approval"],
    "redhill": ["draft", "approval"],
    "newall-green": ["draft", "consultation", "equality", "approval"],
    "societas": ["draft", "consultation", "board"],
}
"""For what somebody is asked in a review, in order."""

OWNER: Final = {
    "cadmus": "headteacher",
    "mtoat": "chief_executive",
    "redhill": "headteacher",
    "newall-green": "headteacher",
    "societas": "chief_executive",
}
DONE_BY: Final = {
    "draft": "draft_ready",
    "consultation": "consultation_held",
    "equality": "equality_assessed",
    "board": "board_decided",
}


def reviewed(pack: Pack, *left_out: str) -> tuple[Opening, tuple[Move, ...]]:
    """Return a review without a date, and the moves with which everybody does what they are asked for."""
    opening = a_review(pack, None)
    owner = holder(pack.key, OWNER[pack.key])
    moves: tuple[Move, ...] = ()
    for key in DRAFT_TASKS[pack.key]:
        if key in left_out:
            continue
        if key == "approval":
            moves = (*moves, an_approval(opening, played(opening, *moves)))
        else:
            entry = an_entry(DONE_BY[key])
            if key == "draft":
                entry = entry.model_copy(update={"supersedes": pack.document.version or ""})
            moves = (*moves, record(owner, entry))
    return opening, moves


@pytest.mark.meets("REV-05")
@pytest.mark.parametrize("pack", PACKS)
def test_an_overdue_review_is_told_of_at_the_end_of_each_term_and_never_let_rest(pack: str) -> None:
    so_far = played(a_review(whole_pack(pack), date(2026, 11, 1)), on(date(2030, 1, 1)))
    days = [local_day(said.at) for said in so_far.events if said.event.kind == "review_overdue"]
    ends = [term.last for term in whole_pack(pack).calendar.terms if term.last > TODAY + timedelta(days=28)]
    assert days[: len(ends) + 1] == [TODAY, *ends]
    assert len(days) > 9


@pytest.mark.parametrize("pack", PACKS)
def test_in_a_review_others_are_asked_in_silence_unless_they_alone_may_approve_it(pack: str) -> None:
    whole = whole_pack(pack)
    process = process_of(whole, "review")
    approve = {seat for step in process.steps for seat in step.seats}
    asked = [(task, task.seat) for task in process.tasks]
    for clocks, key in (*asked, *((step, seat) for step in process.steps for seat in step.seats)):
        seat = whole.seat(key)
        assert seat is not None
        assert (clocks.escalate_on is not None) == (not set(seat.stands_in) <= approve), clocks.key


@pytest.mark.meets("REV-03", "REV-05", "REV-07", "REV-09", "REV-10", "REV-11", "REV-13")
@pytest.mark.parametrize("pack", PACKS)
def test_a_new_version_comes_into_force_once_all_was_done_that_the_policy_wants_in_its_order(pack: str) -> None:
    whole = whole_pack(pack)
    opening, moves = reviewed(whole)
    so_far = played(opening, *moves)
    assert asked_for(so_far)[: len(DRAFT_TASKS[pack])] == DRAFT_TASKS[pack]
    adopted = [event for event in events(so_far) if isinstance(event, VersionAdopted)]
    assert [(one.version, one.supersedes, one.text) for one in adopted] == [
        ("9", whole.document.version or "", "New words")
    ]
    for short in range(len(moves)):
        assert not any(isinstance(event, VersionAdopted) for event in events(played(opening, *moves[:short])))


@pytest.mark.parametrize("pack", PACKS)
def test_nobody_approves_what_they_drafted(pack: str) -> None:
    opening, moves = reviewed(whole_pack(pack), "approval", "board")
    so_far = played(opening, *moves)
    drafted = holder(pack, OWNER[pack])
    approval = [one for one in so_far.standing.asks if opening.process.step(one.step) is not None]
    assert all(one.person != drafted for ask in approval for one in so_far.asked[ask.ask])
    assert bool(approval) == bool(opening.process.steps)


@pytest.mark.meets("REV-11")
@pytest.mark.parametrize("without", [{"approved": "no"}, {"quorate": "no"}])
def test_at_societas_a_board_without_a_quorum_or_that_says_no_adopts_nothing(without: dict[str, str]) -> None:
    opening, moves = reviewed(whole_pack("societas"), "board")
    decided = BoardDecided.model_validate({"approved": "yes", "minute": "7", "on": TODAY, "quorate": "yes", **without})
    so_far = played(opening, *moves, record(holder("societas", "chief_executive"), decided))
    assert says(so_far)[-1] == "done"
    assert not any(isinstance(event, VersionAdopted) for event in events(so_far))
    assert [ask.step for ask in so_far.standing.asks] == ["draft"]


@pytest.mark.meets("REV-09", "REV-10", "REV-13")
@pytest.mark.parametrize(
    ("pack", "kind"),
    [
        ("newall-green", "consultation_held"),
        ("newall-green", "equality_assessed"),
        ("societas", "consultation_held"),
        ("societas", "board_decided"),
    ],
)
def test_nobody_is_consulted_on_what_is_not_drafted_nor_does_a_board_decide_before_the_unions_were_asked(
    pack: str, kind: str
) -> None:
    so_far = played(a_review(whole_pack(pack), None), record(holder(pack, OWNER[pack]), an_entry(kind)))
    assert [reply.says for reply in so_far.replies] == ["not_asked"]


@pytest.mark.meets("REV-02", "REV-06")
@pytest.mark.parametrize("pack", PACKS)
def test_the_owner_is_told_90_30_and_7_days_before_on_working_days_and_those_above_when_it_is_overdue(
    pack: str,
) -> None:
    whole = whole_pack(pack)
    # 3 May 2027 is a bank holiday: the legal day stays.
    so_far = played(a_review(whole), on(date(2027, 5, 5)))
    coming = [(said.event.days, said.event.on) for said in so_far.events if isinstance(said.event, DateComing)]
    assert coming == [(days, date(2027, 5, 3)) for days in (90, 30, 7)]
    assert all(said.at.weekday() < 5 for said in so_far.events if isinstance(said.event, DateComing))
    assert "review_overdue" in [event.kind for event in events(so_far)]
    process = process_of(whole, "review")
    told = {notice.on: set(notice.to) for notice in process.notices}
    cycle = process.cycle
    assert cycle is not None
    assert told["date_coming"] == {cycle.owner}
    assert told["review_overdue"] == {cycle.owner, *cycle.told}


@pytest.mark.meets("REV-08")
def test_a_review_begins_before_its_date_where_somebody_says_why() -> None:
    opening = a_review(whole_pack("newall-green"), date(2027, 11, 30))
    assert asked_for(played(opening)) == []
    reason = ReviewOpened(reason="Another edition of Keeping Children Safe in Education is in force.")
    so_far = played(opening, record(person("newall-green", "Peter Novak"), reason))
    assert asked_for(so_far) == ["draft"]


@pytest.mark.meets("REV-10")
def test_at_newall_green_whoever_sees_a_negative_impact_knows_whom_to_reach() -> None:
    whole = whole_pack("newall-green")
    (clause,) = [one for one in whole.clauses if one.id == "equality"]
    assert clause.contacts == ("hr_helpline",)
    (helpline,) = [one for one in whole.contacts if one.key == "hr_helpline"]
    assert (helpline.phone, helpline.email, helpline.note) == (None, None, "The school has the number.")


# Acknowledgements.


WORDING: Final = {
    "cadmus": "I have read and understood and agree to comply with the Social Networking Policy.",
    "redhill": "I agree to follow this Code of Conduct and to support the safe and secure use of ICT throughout the"
    " school.",
}
"""What two of the policies print for people to sign."""


@pytest.mark.meets("ACK-01", "ACK-08")
@pytest.mark.parametrize("pack", WORDING)
def test_people_sign_the_sentence_that_the_policy_prints_word_for_word_under_a_text_that_has_it(pack: str) -> None:
    whole = whole_pack(pack)
    process = process_of(whole, "acknowledgement")
    assert process.campaign is not None
    (key,) = process.campaign.documents
    document = whole.control(key)
    assert document is not None
    assert process.steps[0].attestation == WORDING[pack]
    assert WORDING[pack] in document.text


STAFF: Final = {
    PersonKind.EMPLOYEE,
    PersonKind.TRAINEE,
    PersonKind.APPRENTICE,
    PersonKind.AGENCY,
    PersonKind.CONTRACTOR,
    PersonKind.SELF_EMPLOYED,
    PersonKind.CONSULTANT,
    PersonKind.VOLUNTEER,
}


@pytest.mark.meets("ACK-04", "ACK-06", "ACK-10", "ACK-15", "ACK-16", "ACK-21")
@pytest.mark.parametrize(
    ("pack", "documents", "audience", "visitors"),
    [
        ("cadmus", ("policy",), STAFF | {PersonKind.GOVERNOR}, False),
        ("mtoat", ("personal-devices",), STAFF, False),
        ("redhill", ("code-of-conduct",), STAFF | {PersonKind.GOVERNOR}, True),
        ("newall-green", ("policy",), STAFF | {PersonKind.GOVERNOR, PersonKind.TRUSTEE}, False),
        (
            "societas",
            ("policy",),
            (STAFF | {PersonKind.GOVERNOR}) - {PersonKind.CONTRACTOR, PersonKind.SELF_EMPLOYED},
            False,
        ),
    ],
)
def test_each_policy_has_those_read_and_sign_to_whom_it_applies(
    pack: str, documents: tuple[str, ...], audience: set[PersonKind], visitors: bool
) -> None:
    campaign = process_of(whole_pack(pack), "acknowledgement").campaign
    assert campaign is not None
    assert (campaign.documents, set(campaign.audience), campaign.visitors) == (documents, audience, visitors)


@pytest.mark.meets("ACK-01", "ACK-08", "ACK-10", "ACK-15", "ACK-16")
@pytest.mark.parametrize("pack", PACKS)
def test_a_signature_is_of_one_person_and_of_one_version_of_the_text(pack: str) -> None:
    whole = whole_pack(pack)
    opening = a_signature(whole, holder(pack, "dsl"))
    asked = played(opening)
    assert [one.person for one in asked.asked["a1"]] == [holder(pack, "dsl")]
    signed = played(opening, *all_opened(opening, asked), an_approval(opening, asked))
    assert signed.standing.outcome == "signed"
    (found,) = [event for event in events(signed) if isinstance(event, DocumentSigned)]
    document = whole.control(found.document)
    assert document is not None
    assert (found.by, found.digest) == (holder(pack, "dsl"), document.digest)


@pytest.mark.meets("ACK-05")
@pytest.mark.parametrize("pack", PACKS)
def test_who_has_not_signed_in_time_is_told_of_in_turn_and_again_and_nobody_signs_for_them(pack: str) -> None:
    opening = a_signature(whole_pack(pack), holder(pack, "dsl"))
    asked = played(opening)
    assert local_day(asked.standing.asks[0].due) == date(2026, 12, 7)
    so_far = played(opening, on(date(2027, 3, 1)))
    told = [(local_day(one.at), one.event.to) for one in so_far.events if isinstance(one.event, SignatureChased)]
    in_turn = ("line_manager", "headteacher") if pack in {"cadmus", "redhill"} else ("headteacher",)
    days = [date(2026, 12, 8), date(2026, 12, 15)]
    assert told[: len(in_turn)] == [(day, (seat,)) for day, seat in zip(days, in_turn, strict=False)]
    assert {to for _, to in told[len(in_turn) :]} == {in_turn}
    assert len(told) == len(in_turn) + 2
    assert [one.person for one in so_far.asked["a1"]] == [holder(pack, "dsl")]
    declined = an_approval(opening, asked, Verdict.REJECT)
    assert played(opening, declined).standing.outcome == "declined"


@pytest.mark.meets("ACK-07")
@pytest.mark.parametrize("pack", PACKS)
def test_everybody_signs_a_new_version(pack: str) -> None:
    cycle = process_of(whole_pack(pack), "review").cycle
    assert cycle is not None
    assert cycle.signed


@pytest.mark.meets("ACK-16")
def test_the_notice_of_mtoat_is_what_its_policy_says_of_personal_devices_word_for_word() -> None:
    whole = whole_pack("mtoat")
    notice = whole.control("personal-devices")
    assert notice is not None
    heading, *said = notice.text.strip().split("\n\n")
    assert heading in whole.document.text
    assert all(paragraph in whole.document.text for paragraph in said)
    assert "is not an expectation or a condition of employment" in notice.text


@pytest.mark.meets("ACK-04")
def test_the_code_of_conduct_of_redhill_is_its_appendix_word_for_word() -> None:
    whole = whole_pack("redhill")
    code = whole.control("code-of-conduct")
    assert code is not None
    assert code.text.startswith("Appendix 1\n\nStaff, Governor and Visitor\n")
    assert whole.document.text.endswith(code.text)


@pytest.mark.meets("ACK-20")
def test_the_protocol_of_societas_is_read_with_its_list_of_online_awareness() -> None:
    text = whole_pack("societas").document.text
    assert "Online awareness\n\nEmployees are reminded of the following points:" in text
    assert "11) Copyright laws still apply online." in text
