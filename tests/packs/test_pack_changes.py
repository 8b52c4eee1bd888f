"""What a new pack changes, in plain words, and what of it a running case would feel if it moved on."""

import copy
from typing import Any, Final

import pytest

import packs
from domain.cases import Act
from domain.events import Verdict
from domain.pack import Pack
from domain.pack_changes import differences, if_moved
from tests.packs.trying import PACKS, an_answer, an_opening, files_of, pack_of, played, whole_pack
from workflows.explorer import Played

P, C, F, R = "pack.toml", "clauses.toml", "forms/site_creation.toml", "processes/site_creation.toml"
A: Final = "processes/allegation.toml"
L: Final = "processes/site_life.toml"
V: Final = "processes/review.toml"
S: Final = "processes/acknowledgement.toml"
REFER: Final = "process “Allegation: a child may be at risk”, task “Refer it to the Local Authority Designated Officer”"
STEP: Final = "process “Create a social media site”, step “Line manager”"
FORM: Final = "form “Social Media Site Creation Approval Form”"
DEPARTMENT: Final = f"{FORM}, section “Team details”, question “Department”"

Way = tuple[str | int, ...]


def altered(*changes: tuple[str, Way, Any]) -> Pack:
    """Return the Cadmus pack in which each change puts a value at the end of its way, or nothing for `...`."""
    files = copy.deepcopy(files_of("cadmus"))
    for file, (*road, last), value in changes:
        holder = files[file]
        for step in road:
            holder = holder[step]
        if value is ...:
            del holder[last]
        else:
            holder[last] = value
    return pack_of(files, "cadmus")


ANOTHER: Final = {
    "key": "data_protection",
    "title": "Data protection lead",
    "seats": ["data_protection_lead"],
    "approves": "the use of data",
    "attestation": "I approve the use of data.",
    "clause": "16.2",
}
SWAPPED: Final = [files_of("cadmus")[R]["steps"][place] for place in (1, 0, 2)]


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ((P, ("document", "version"), "2.1"), ["document: version was “2.0”, is now “2.1”"]),
        (
            (P, ("seats", 0, "stands_in"), ["headteacher"]),
            [
                "seat “Line manager”: who stands in was deputy_headteacher, headteacher and chair_of_governors,"
                " is now headteacher"
            ],
        ),
        ((P, ("seats", 5), ...), ["seat “Designated safeguarding lead”: is gone"]),
        (
            (P, ("calendar", "terms", 0, "last"), "2026-12-17"),
            ["calendar, term “Autumn 2026”: last was 18 December 2026, is now 17 December 2026"],
        ),
        (
            (P, ("contacts", 4, "phone"), "01922 000000"),
            ["contact “Human Resources, Schools”: phone was “01922 655868”, is now “01922 000000”"],
        ),
        (
            (C, ("clauses", 0, "quoted"), "other words"),
            ["clause “3.4”: quoted was “The Head Teacher is the only member of staff", "is now “other words”"],
        ),
        ((F, ("sections", 0, "fields", 1, "label"), "Team"), [f"{DEPARTMENT}: label was “Department”, is now “Team”"]),
        (
            (F, ("sections", 0, "fields", 1, "material"), True),
            [f"{DEPARTMENT}: whether a change of it voids approvals was no, is now yes"],
        ),
        (
            (F, ("sections", 0, "fields", 1, "type"), "long_text"),
            [
                f"{DEPARTMENT}: most was 200, is now 4000",
                f"{DEPARTMENT}: type was “short_text”, is now “long_text”",
            ],
        ),
        ((F, ("sections", 0, "fields", 1), ...), [f"{DEPARTMENT}: is gone"]),
        (
            (F, ("rules", 0, "message"), "Somebody else"),
            [
                f"{FORM}, rule “The line manager must be somebody else than the author”:"
                " message was “The line manager must be somebody else than the author”, is now “Somebody else”"
            ],
        ),
        (
            (F, ("rules", 6, "when", "any_of"), ["external"]),
            [
                f"{FORM}, rule “Say who will vet external contributors”: is gone",
                f"{FORM}, rule “Say who will vet external contributors”: is new",
            ],
        ),
        ((R, ("steps", 0, "answer_within"), 4), [f"{STEP}: the working days to answer was 5, is now 4"]),
        (
            (R, ("steps", 0, "remind_on"), [5]),
            [f"{STEP}: the working days after which it reminds was 3 and 5, is now 5"],
        ),
        (
            (R, ("steps", 0, "escalate_on"), ...),
            [f"{STEP}: the working days after which those who stand in are asked was 7, is now nothing"],
        ),
        ((R, ("steps", 0, "sign_in"), True), [f"{STEP}: whether deciding needs a sign-in was no, is now yes"]),
        (
            (R, ("steps", 0, "attestation"), "I do."),
            [f"{STEP}: what is signed was “I approve the aims and content of the proposed site.”, is now “I do.”"],
        ),
        (
            (R, ("steps", 2, "confirmations", 1), ...),
            ["step “Headteacher”, confirmation “There are enough resources", "is gone"],
        ),
        (
            (R, ("steps",), SWAPPED),
            [
                "process “Create a social media site”: step comes after step in another order now:"
                " “Communications manager”, “Line manager” and “Headteacher”"
            ],
        ),
        (
            (R, ("changes",), ...),
            ["process “Create a social media site”, changes by the author: are not possible any more"],
        ),
        (
            (R, ("changes", "answer_within"), 9),
            ["changes by the author: the working days to answer was 10, is now 9"],
        ),
        (
            (R, ("settles_within",), 30),
            ["process “Create a social media site”: the minutes after the last approval was 0, is now 30"],
        ),
        (
            (A, ("tasks", 2, "answer_within"), 2),
            [f"{REFER}: the working days to answer was 1, is now 2"],
        ),
        (
            (A, ("tasks", 2, "when"), {"event": "police_contacted", "where": {"method": ["phone", "form"]}}),
            [f"{REFER}: after what it comes was nothing, is now “police_contacted method phone or form”"],
        ),
        (
            (A, ("routes", -1, "ladders"), {"case_manager": ["headteacher", "chair_of_governors"]}),
            [
                "route “staff”: who sees to it was case_manager headteacher, chair_of_governors,"
                " vice_chair_of_governors and chief_operating_officer,"
                " is now case_manager headteacher and chair_of_governors"
            ],
        ),
        ((A, ("topics", 0, "at_risk"), False), ["whether a child could be at risk by its nature was yes, is now no"]),
        ((A, ("reviews",), ...), ["process “Allegation: a child may be at risk”, reviews: is gone"]),
        ((A, ("reviews", "every"), 15), ["reviews: every was 10, is now 15"]),
        ((A, ("retention", "years"), 12), ["retention: years was 10, is now 12"]),
        ((P, ("document", "text"), "Other words"), ["document: its text is another"]),
        (
            (P, ("document", "labels", "issued_on"), "Date"),
            ["document: its own words for what it prints was issued_on “Issue”; last_reviewed “Reviewed”, is now"],
        ),
        (
            (P, ("document", "cites", 1, "now"), "2026"),
            [
                "citation “Working Together to Safeguard Children”: the latest edition that is known was “2023”,"
                " is now “2026”"
            ],
        ),
        ((L, ("cover",), ...), ["process “Look after a social media site”, cover: is gone"]),
        ((L, ("cover", "at_least"), 3), ["cover: how many have to be there was 2, is now 3"]),
        ((L, ("going_live_ahead",), 7), ["the days before going live on which it is asked for was 14, is now 7"]),
        (
            (L, ("closing_told",), [60, 7]),
            ["the days before the closing on which it is told was 90, 28 and 7, is now 60 and 7"],
        ),
        (
            (L, ("rounds", 0, "every"), "month"),
            ["round “Look at the site: is it maintained, and as it was agreed?”: every was “term”, is now “month”"],
        ),
        ((V, ("cycle", "months"), 12), ["cycle: the months from one review to the next was 24, is now 12"]),
        (
            (S, ("campaign", "chase_on"), 5),
            ["campaign: the working days after which others are told was 11, is now 5"],
        ),
        ((A, ("rules", 6, "stops_clocks"), False), ["whether it stops clocks was yes, is now no"]),
        (
            (R, ("notices", 0, "to"), ["author"]),
            ["mail “request_received” on request_submitted: to was starter and author, is now author"],
        ),
        (
            (R, ("rules", 0, "first"), {"event": "ask_opened", "step": "line_manager"}),
            [
                "rule “line-manager-before-headteacher”: first was “approved line_manager”,"
                " is now “ask_opened line_manager”"
            ],
        ),
    ],
    ids=lambda one: " ".join(map(str, (one[0], *one[1]))) if isinstance(one, tuple) else "",
)
def test_each_change_is_told_in_plain_words_and_nothing_else_is(change: tuple[str, Way, Any], lines: list[str]) -> None:
    told = [str(one) for one in differences(whole_pack("cadmus"), altered(change))]
    assert all(any(line in one for one in told) for line in lines), told
    assert all(any(line in one for line in lines) for one in told), told


def test_what_is_taken_away_in_one_direction_is_new_in_the_other() -> None:
    less = altered((R, ("changes",), ...), (P, ("seats", 5), ...))
    told = [str(one) for one in differences(less, whole_pack("cadmus"))]
    assert told == [
        "seat “Designated safeguarding lead”: is new",
        "process “Create a social media site”, changes by the author: are possible now",
    ]


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_in_a_folder_of_another_name_is_the_same_pack(pack: str) -> None:
    assert differences(whole_pack(pack), whole_pack(pack).model_copy(update={"key": "elsewhere"})) == ()


# A running case.


def case_after(*verdicts: Verdict) -> Played:
    """Return the case in which those asked answered so, one after the other."""
    opening = an_opening(whole_pack("cadmus"))
    moves: tuple[Act, ...] = ()
    for verdict in verdicts:
        moves = (*moves, an_answer(opening, played(opening, *moves), verdict))
    return played(opening, *moves)


def told(so_far: Played, new: Pack) -> list[str]:
    old = whole_pack("cadmus")
    return list(if_moved(old, new, an_opening(old), so_far.standing, so_far.events))


ONE_APPROVED: Final = (Verdict.APPROVE,)
CLOSED: Final = {"name": "Repairs", "first": "2026-11-23", "last": "2027-02-12"}
LATER, MAIL = next(
    (place, one) for place, one in enumerate(files_of("cadmus")[R]["notices"]) if one["on"] != "request_submitted"
)


@pytest.mark.parametrize(
    ("new", "lines"),
    [
        (altered(), []),
        # What was approved already, and what the process does not speak of, makes no difference.
        (altered((R, ("steps", 0, "answer_within"), 4)), []),
        (altered((P, ("document", "version"), "2.1")), []),
        (
            altered((R, ("steps", 0, "attestation"), "I do.")),
            ["step “Line manager” is asked again: what was approved is not what is signed now"],
        ),
        (
            altered((R, ("steps", 1, "answer_within"), 4)),
            ["step “Communications manager”: the working days to answer was 5, is now 4"],
        ),
        (
            altered((P, ("seats", 1, "stands_in"), ["headteacher"])),
            [
                "seat “Communications manager”: who stands in was deputy_headteacher, headteacher and"
                " chair_of_governors, is now headteacher"
            ],
        ),
        (altered((P, ("seats", 0, "stands_in"), ["headteacher"])), []),
        (
            altered((R, ("steps",), [*files_of("cadmus")[R]["steps"], ANOTHER])),
            ["step “Data protection lead” is asked too: it is new"],
        ),
        (
            altered((R, ("steps", 1), ...)),
            ["step “Communications manager” is not asked any more"],
        ),
        (altered((R, ("changes",), ...)), ["process, changes by the author: are not possible any more"]),
        (altered((R, ("settles_within",), 30)), ["process: the minutes after the last approval was 0, is now 30"]),
        (
            altered((F, ("sections", 0, "fields", 1), ...)),
            ["its form is another: what was answered is checked against it before an approval counts"],
        ),
        (
            altered((R, ("rules",), files_of("cadmus")[R]["rules"][1:])),
            ["process, rule “line-manager-before-headteacher”: is gone"],
        ),
        (
            altered((R, ("rules", 0, "first"), {"event": "ask_opened", "step": "line_manager"})),
            [
                "process, rule “line-manager-before-headteacher”: first was “approved line_manager”,"
                " is now “ask_opened line_manager”"
            ],
        ),
        (
            altered((R, ("notices", LATER), ...)),
            [f"process, mail “{MAIL['template']}” on {MAIL['on']}: is gone"],
        ),
        # The mail about the beginning was sent already.
        (altered((R, ("notices", 0), ...)), []),
        (
            altered((P, ("calendar", "closures"), [CLOSED])),
            ["calendar, closure “Repairs”: is new"],
        ),
        (
            altered((P, ("calendar", "proclaimed"), ["2027-05-10"])),
            ["calendar: the one-off bank holidays was nothing, is now 10 May 2027"],
        ),
        (
            altered((P, ("calendar", "terms", 0, "last"), "2026-12-17")),
            ["calendar, term “Autumn 2026”: last was 18 December 2026, is now 17 December 2026"],
        ),
        (altered((P, ("calendar", "bank_holidays"), "SCT")), ["calendar: bank holidays was “ENG”, is now “SCT”"]),
        (
            whole_pack("redhill"),
            ["it cannot move on: the new pack does not offer this process"],
        ),
    ],
)
def test_a_case_is_told_only_what_it_would_feel(new: Pack, lines: list[str]) -> None:
    assert told(case_after(*ONE_APPROVED), new) == lines


def test_a_pack_without_any_rule_or_mail_and_with_twelve_weeks_closed_is_felt() -> None:
    new = altered((R, ("rules",), []), (R, ("notices",), []), (P, ("calendar", "closures"), [CLOSED]))
    whole = whole_pack("cadmus")
    gone = [line for line in told(case_after(), new) if line.endswith(": is gone")]
    process = whole.process("site_creation")
    assert process is not None
    still_to_come = [one for one in process.notices if one.on != "request_submitted"]
    assert len(gone) == len(process.rules) + len(still_to_come)
    assert "calendar, closure “Repairs”: is new" in told(case_after(), new)


def test_a_case_whose_calendar_was_brought_up_to_date_is_told_what_it_does_not_know_yet() -> None:
    new = altered((P, ("calendar", "closures"), [CLOSED]), (P, ("calendar", "proclaimed"), ["2027-05-10"]))
    old, opening, so_far = whole_pack("cadmus"), an_opening(whole_pack("cadmus")), case_after()
    known = opening.model_copy(update={"calendar": packs.expand(new.calendar, 2026)})
    assert if_moved(old, new, known, so_far.standing, so_far.events) == ()
    assert if_moved(new, old, known, so_far.standing, so_far.events) == (
        "calendar: the one-off bank holidays was 10 May 2027, is now nothing",
        "calendar, closure “Repairs”: is gone",
    )


def test_the_life_of_a_site_is_told_of_its_rounds_and_of_who_has_to_be_there() -> None:
    old = whole_pack("cadmus")
    new = altered((L, ("rounds", 0, "every"), "month"), (L, ("cover", "at_least"), 3))
    process = old.process("site_life")
    assert process is not None
    life = an_opening(old).model_copy(update={"process": process})
    standing = case_after().standing.model_copy(update={"asks": ()})
    assert if_moved(old, new, life, standing, ()) == (
        "process, round “Look at the site: is it maintained, and as it was agreed?”: every was “term”, is now “month”",
        "process, cover: how many have to be there was 2, is now 3",
    )


def test_a_case_with_a_disputed_answer_cannot_move_on_yet() -> None:
    opening = an_opening(whole_pack("cadmus"))
    first = an_answer(opening, played(opening))
    dispute = Act(kind="dispute", person=first.person, how="link", ask="a1")
    (line,) = told(played(opening, first, dispute), altered((R, ("settles_within",), 30)))
    assert line == "it cannot move on: an answer is disputed, which has to be settled first"


def test_what_is_said_of_a_case_is_what_happens_when_it_moves() -> None:
    new = altered((R, ("steps", 0, "attestation"), "I do."))
    opening = an_opening(whole_pack("cadmus"))
    first = an_answer(opening, played(opening))
    move = Act.model_validate(
        {
            "kind": "move_on",
            "person": "duly",
            "how": "duly",
            "comment": "The policy changed.",
            "pack": {name: getattr(an_opening(new), name) for name in ("process", "seats", "calendar", "immaterial")}
            | {"pack_digest": "1" * 64},
        }
    )
    assert [ask.step for ask in played(opening, first, move).standing.asks] == ["line_manager"]
