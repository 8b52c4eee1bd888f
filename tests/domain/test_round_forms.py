"""The forms of what people record in what comes round: every check of the case is made beside its question first."""

from datetime import date, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cases import Opening, Present, Recordable
from domain.events import AnyEvent, Recorded
from domain.fields import FormFacts, Raw
from domain.forms import raw_answers
from domain.pack import Process
from domain.round_entries import (
    BoardDecided,
    ConsultationHeld,
    CoverChanged,
    CycleBegan,
    DraftReady,
    PostingSuspended,
    SiteClosed,
    SiteWentLive,
    VisitorSigned,
)
from domain.round_forms import (
    KINDS,
    RoundFacts,
    RoundRead,
    began_on,
    clauses_of,
    form_of,
    in_full,
    is_asked,
    prefilled,
    read_round,
    this_round,
)
from domain.round_texts import FORMS
from tests.builders import MONDAY
from tests.rounds import ACKNOWLEDGEMENT, REVIEW, a_site, an_opening_of, people_of_rounds
from workflows.case import Case
from workflows.rounds import fits

TODAY: Final = date(2026, 11, 2)
PEOPLE: Final = people_of_rounds()
NAMES: Final = {person.id: person.name for person in PEOPLE.people}
EVERYBODY: Final = ("n1", "n2", "n3", "n4")

LIVE: Final[dict[str, Raw]] = {
    "address": "https://example.org",
    "on": ("2", "11", "2026"),
    "terms_published": "yes",
    "privacy": "Closed.",
    "trained": EVERYBODY,
}
CLOSED: Final[dict[str, Raw]] = {
    "on": ("2", "11", "2026"),
    "contents": "Deleted.",
    "contacts_removed": "yes",
    "achieved": "yes",
    "aims": "All.",
}
DRAFT: Final[dict[str, Raw]] = {
    "version": "2",
    "supersedes": "1",
    "what_changed": "All of it.",
    "effective_from": ("1", "1", "2027"),
    "text": "Be kind.",
}
CONSULTED: Final[dict[str, Raw]] = {
    "with_whom": "The unions",
    "first": ("1", "10", "2026"),
    "last": ("31", "10", "2026"),
    "responses": "None.",
}
VISITOR: Final[dict[str, Raw]] = {"name": "Vera Gast", "until": ("2", "11", "2026")}
BOARD: Final[dict[str, Raw]] = {"approved": "yes", "minute": "7", "on": ("2", "11", "2026"), "quorate": "yes"}


def a_review(version: str = "1") -> Opening:
    return an_opening_of(REVIEW, "review-1", document="code", version=version)


def a_campaign() -> Opening:
    return an_opening_of(ACKNOWLEDGEMENT, "campaign-1", document="code", version="1", digest="d")


def facts(opening: Opening, *past: AnyEvent, text: str = "") -> RoundFacts:
    return RoundFacts(opening=opening, request=opening.request, past=past, today=TODAY, names=NAMES, text=text)


def read(kind: str, raw: dict[str, Raw], known: RoundFacts) -> RoundRead:
    return read_round(kind, raw, known, FormFacts(directory=PEOPLE, today=TODAY, school=known.opening.school))


def live(on: date = TODAY) -> SiteWentLive:
    return SiteWentLive(address="x", on=on, terms_published="yes", privacy="x", trained=("author",))


def cover(administrators: tuple[str, ...], moderators: tuple[str, ...], enough: bool = False) -> CoverChanged:
    return CoverChanged(administrators=administrators, moderators=moderators, enough=enough)


SUSPENDED: Final = PostingSuspended(reason="Too few.")


@pytest.mark.parametrize(
    ("opening", "past", "kind", "raw", "wrong", "where", "said"),
    [
        (a_site(), (), "site_went_live", LIVE, {"on": ("3", "11", "2026")}, "on", "has not come yet"),
        (a_site(), (), "site_went_live", LIVE, {"terms_published": "no"}, "terms_published", "Publish them"),
        (a_site(), (), "site_went_live", LIVE, {"trained": ("n1", "n3", "n4")}, "trained", "2 administrators (now 1)"),
        (a_site(), (), "site_went_live", LIVE, {"trained": ("n1", "n2", "n3")}, "trained", "2 moderators (now 1)"),
        (a_site(), (), "site_went_live", LIVE, {"trained": ()}, "trained", "Tick those who are trained"),
        (a_site(), (), "site_went_live", LIVE, {"address": ""}, "address", "Answer"),
        (
            a_site(),
            (cover(("author",), ("mod_a", "mod_b")),),
            "site_went_live",
            LIVE,
            {},
            "trained",
            "2 administrators (now 1)",
        ),
        (a_site(), (live(),), "site_went_live", LIVE, {}, "form", "already"),
        (
            a_site(closure_date="2026-11-02"),
            (),
            "site_went_live",
            LIVE,
            {},
            "on",
            "was to be closed on 2 November 2026, and goes live before that day",
        ),
        (
            a_site(),
            (live(),),
            "site_closed",
            CLOSED,
            {"on": ("1", "11", "2026")},
            "on",
            "cannot have been closed before",
        ),
        (a_site(), (live(),), "site_closed", CLOSED, {"on": ("3", "11", "2026")}, "on", "has not come yet"),
        (a_site(), (live(),), "site_closed", CLOSED, {"contacts_removed": "no"}, "contacts_removed", "Remove them"),
        (a_site(), (live(), SUSPENDED), "posting_suspended", {"reason": "x"}, {}, "form", "suspended already"),
        (a_site(), (live(),), "posting_resumed", {}, {}, "form", "not suspended"),
        (a_site(), (live(), cover((), ()), SUSPENDED), "posting_resumed", {}, {}, "form", "still too few"),
        (
            a_site(),
            (live(),),
            "site_reviewed",
            {"maintained": "no", "as_agreed": "yes", "privacy": "x"},
            {},
            "note",
            "what is done",
        ),
        (
            a_site(),
            (live(),),
            "post_moderated",
            {"what": "removed", "reason": "offensive", "child_at_risk": "no"},
            {"note": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"},
            "note",
            "A picture or a file",
        ),
        (a_review(), (), "draft_ready", DRAFT, {"supersedes": "0"}, "supersedes", "Version 1 is in force"),
        (a_review(), (), "draft_ready", DRAFT, {"version": "1"}, "version", "in force already"),
        (a_review(), (), "draft_ready", DRAFT, {"text": ""}, "text", "Answer"),
        (
            a_review(),
            (),
            "draft_ready",
            DRAFT,
            {"effective_from": ("1", "1", "1999")},
            "effective_from",
            "within a year of today, from 1 November 2025 to 3 November 2027",
        ),
        (
            a_review(),
            (),
            "draft_ready",
            DRAFT,
            {"effective_from": ("1", "1", "2190")},
            "effective_from",
            "within a year of today",
        ),
        (a_review(), (), "board_decided", BOARD, {"minute": " "}, "minute", "Answer"),
        (a_review(), (), "consultation_held", CONSULTED, {"last": ("1", "9", "2026")}, "last", "before it begins"),
        (a_review(), (), "consultation_held", CONSULTED, {"last": ("3", "11", "2026")}, "last", "has not come yet"),
        (a_review(), (), "board_decided", BOARD, {"on": ("3", "11", "2026")}, "on", "has not come yet"),
        (a_campaign(), (), "visitor_expected", VISITOR, {"until": ("1", "11", "2026")}, "until", "has passed"),
        (a_campaign(), (), "visitor_signed", VISITOR, {"until": ("1", "11", "2026")}, "until", "has passed"),
        (a_campaign(), (), "visitor_expected", VISITOR, {"name": " "}, "name", "Answer"),
    ],
)
@pytest.mark.meets("LIFE-01", "LIFE-09", "LIFE-15", "REV-03", "REV-13", "ACK-06")
def test_what_the_case_would_refuse_is_said_beside_its_question(
    opening: Opening,
    past: tuple[AnyEvent, ...],
    kind: str,
    raw: dict[str, Raw],
    wrong: dict[str, Raw],
    where: str,
    said: str,
) -> None:
    found = read(kind, raw | wrong, facts(opening, *past))
    assert found.entry is None
    assert [fault.field for fault in found.faults] == [where]
    assert said in found.faults[0].message


@pytest.mark.parametrize(
    ("opening", "past", "kind", "raw", "more"),
    [
        (a_site(), (), "site_went_live", LIVE, {"trained": ("author", "manager", "mod_a", "mod_b")}),
        (a_site(), (live(TODAY - timedelta(days=1)),), "site_closed", CLOSED, {"on": TODAY}),
        (a_site(), (), "site_closed", CLOSED, {"contacts_removed": "yes"}),
        (a_site(), (live(), SUSPENDED), "posting_resumed", {}, {}),
        (a_review(), (), "draft_ready", DRAFT, {"supersedes": "1", "text": "Be kind."}),
        (a_review(""), (), "draft_ready", {key: raw for key, raw in DRAFT.items() if key != "supersedes"}, {}),
        (a_review(), (), "consultation_held", CONSULTED, {"last": date(2026, 10, 31)}),
        (a_campaign(), (), "visitor_signed", VISITOR, {"wording": "I have read it and will keep to it."}),
    ],
)
def test_what_is_right_becomes_the_entry(
    opening: Opening, past: tuple[AnyEvent, ...], kind: str, raw: dict[str, Raw], more: dict[str, object]
) -> None:
    found = read(kind, raw, facts(opening, *past))
    assert found.faults == ()
    assert found.entry is not None
    assert {name: getattr(found.entry, name) for name in more} == more


@pytest.mark.meets("REV-09", "REV-11", "REV-13")
@pytest.mark.parametrize(
    ("kind", "raw", "where", "said"),
    [
        ("consultation_held", CONSULTED, "first", "what was asked before that day says nothing of this draft"),
        ("board_decided", BOARD | {"on": ("1", "10", "2026")}, "on", "what was decided before that day says nothing"),
    ],
)
def test_what_was_held_before_the_review_began_is_of_no_draft_of_it(
    kind: str, raw: dict[str, Raw], where: str, said: str
) -> None:
    of_today = facts(a_review()).model_copy(update={"began": date(2026, 10, 2)})
    [fault] = read(kind, raw, of_today).faults
    assert fault.field == where
    assert "This review began on 2 October 2026" in fault.message
    assert said in fault.message
    assert read(kind, raw, of_today.model_copy(update={"began": date(2026, 10, 1)})).faults == ()


class Still:
    """A host at which nothing happens: the case has the time from it, and goes by all that is new."""

    def now(self) -> datetime:
        return MONDAY

    def since(self, change: str) -> bool:
        return bool(change)


@given(
    trained=st.sets(st.sampled_from(EVERYBODY)),
    there=st.none() | st.tuples(st.sets(st.sampled_from(["author", "manager"])), st.sets(st.sampled_from(["mod_a"]))),
    days=st.integers(-2, 2),
    terms=st.sampled_from(["yes", "no"]),
)
def test_the_page_lets_a_site_go_live_exactly_where_the_case_does(
    trained: set[str], there: tuple[set[str], set[str]] | None, days: int, terms: str
) -> None:
    opening = a_site(moderators=("mod_a", "manager"))
    past: tuple[AnyEvent, ...] = ()
    if there is not None:
        past = (cover(tuple(sorted(there[0])), tuple(sorted(there[1]))),)
    on = TODAY + timedelta(days=days)
    typed: dict[str, Raw] = {"on": (str(on.day), str(on.month), str(on.year)), "terms_published": terms}
    found = read("site_went_live", LIVE | typed | {"trained": tuple(sorted(trained))}, facts(opening, *past))
    case = Case(opening, Still())  # type: ignore[arg-type]  # asked for the time, and for nothing else
    case.past.extend(past)
    if past:
        case.present = Present(administrators=past[0].administrators, moderators=past[0].moderators)  # type: ignore[union-attr]
    keys = dict(zip(("n1", "n2", "n3"), ("author", "manager", "mod_a"), strict=True))
    entry = SiteWentLive(
        address="x",
        on=on,
        terms_published="yes" if terms == "yes" else "no",
        privacy="x",
        trained=tuple(keys[place] for place in sorted(trained) if place in keys),
    )
    if "n4" not in trained and trained:
        assert (found.entry is not None) == fits(case, entry)


@given(days=st.integers(-3, 0), closes=st.none() | st.integers(-5, 3))
def test_the_page_lets_a_site_go_live_before_it_closes_exactly_where_the_case_does(
    days: int, closes: int | None
) -> None:
    day = {} if closes is None else {"closure_date": (TODAY + timedelta(days=closes)).isoformat()}
    opening, on = a_site(**day), TODAY + timedelta(days=days)
    typed: dict[str, Raw] = {"on": (str(on.day), str(on.month), str(on.year))}
    found = read("site_went_live", LIVE | typed, facts(opening))
    trained = ("author", "manager", "mod_a", "mod_b")
    case = Case(opening, Still())  # type: ignore[arg-type]  # asked for the time, and for what is new
    taken = fits(case, live(on).model_copy(update={"trained": trained}))
    assert (found.entry is not None) == taken == (closes is None or days < closes)


@given(
    first=st.integers(-5, 3),
    last=st.integers(-5, 3),
    began=st.none() | st.integers(-5, 0),
    from_now=st.sampled_from([-10_000, -367, -366, 0, 366, 367, 60_000]),
)
def test_the_page_takes_the_days_of_a_review_exactly_where_the_case_does(
    first: int, last: int, began: int | None, from_now: int
) -> None:
    def typed(day: date) -> tuple[str, str, str]:
        return str(day.day), str(day.month), str(day.year)

    days = [TODAY + timedelta(days=one) for one in (first, last, from_now)]
    case = Case(a_review(), Still())  # type: ignore[arg-type]  # asked for the time, and for what is new
    case.began = TODAY + timedelta(days=began) if began is not None else None
    known = facts(a_review()).model_copy(update={"began": case.began})
    held = ConsultationHeld(with_whom="x", first=days[0], last=days[1], responses="x")
    board = BoardDecided(approved="yes", minute="7", on=days[0], quorate="yes")
    draft = DraftReady(version="2", supersedes="1", what_changed="x", effective_from=days[2], text="x")
    pages: dict[str, tuple[dict[str, Raw], Recordable]] = {
        "consultation_held": (CONSULTED | {"first": typed(days[0]), "last": typed(days[1])}, held),
        "board_decided": (BOARD | {"on": typed(days[0])}, board),
        "draft_ready": (DRAFT | {"effective_from": typed(days[2])}, draft),
    }
    for kind, (raw, entry) in pages.items():
        assert (read(kind, raw, known).entry is not None) == fits(case, entry), kind


def test_a_blank_minute_is_none() -> None:
    case = Case(a_review(), Still())  # type: ignore[arg-type]  # asked for the time, and for what is new
    board = BoardDecided(approved="yes", minute="7", on=TODAY, quorate="yes")
    assert fits(case, board)
    assert not fits(case, board.model_copy(update={"minute": " \u200b"}))


def test_every_entry_that_people_record_has_a_form_of_its_own_attributes() -> None:
    assert set(FORMS) == set(KINDS)
    for kind, entry in KINDS.items():
        asked = {question.key for question in FORMS[kind].fields}
        assert asked <= set(entry.model_fields), kind


def test_what_of_a_site_can_be_recorded_follows_its_life() -> None:
    def kinds(*past: AnyEvent) -> set[str]:
        of_sites = [kind for kind in FORMS if kind.startswith(("site_", "post", "leader"))]
        return {kind for kind in of_sites if is_asked(kind, facts(a_site(), *past))}

    assert kinds() == {"site_went_live", "site_closed"}
    running = {"site_reviewed", "leadership_consulted", "site_evaluated", "post_moderated", "site_closed"}
    assert kinds(live()) == running | {"posting_suspended"}
    assert kinds(live(), SUSPENDED) == running | {"posting_resumed"}


def test_a_draft_begins_with_the_version_in_force_and_is_whole_where_people_sign_it() -> None:
    assert prefilled("draft_ready", facts(a_review(), text="As it is.")) == {"supersedes": "1", "text": "As it is."}
    unsigned = REVIEW.model_copy(update={"cycle": REVIEW.cycle.model_copy(update={"signed": False})})  # type: ignore[union-attr]
    opening = a_review().model_copy(update={"process": unsigned})
    assert read("draft_ready", DRAFT | {"text": ""}, facts(opening)).faults == ()
    long = "word " * 8000
    assert read("draft_ready", DRAFT | {"text": long}, facts(a_review())).entry is not None


def test_a_review_began_on_the_day_of_its_latest_round() -> None:
    began = CycleBegan(document="code", version="1", review_on=None)
    history = [Recorded(n=n, at=MONDAY + timedelta(days=200 * n), event=began) for n in (1, 2)]
    assert began_on(history) == MONDAY.date() + timedelta(days=400)
    assert began_on([Recorded(n=1, at=MONDAY, event=live())]) is None


def test_a_review_knows_nothing_of_the_round_before() -> None:
    before = DraftReady(version="1", supersedes="0", what_changed="", effective_from=TODAY)
    began = CycleBegan(document="code", version="1", review_on=None)
    assert this_round((began, before, began)) == (began,)
    assert this_round((live(),)) == (live(),)


def test_what_is_on_record_is_told_under_its_questions() -> None:
    rows = dict(in_full(live(), NAMES | {"author": "Amina Okafor"}))
    assert rows["On which day did it go live?"] == "2 November 2026"
    assert rows["Are the terms of use and house rules published on the site?"] == "Yes"
    assert rows["Trained for it"] == "Amina Okafor"
    closed = SiteClosed(on=TODAY, contents="Gone.", contacts_removed="yes", achieved="in_part", aims="Some.", note="N.")
    assert dict(in_full(closed, NAMES))["Anything else that should be on record"] == "N."
    signed = VisitorSigned(name="Vera", wording="I agree.", until=TODAY)
    assert dict(in_full(signed, NAMES))["Under the words"] == "I agree."
    held = ConsultationHeld(with_whom="The unions", first=TODAY, last=TODAY, responses="")
    assert "What did they say, and what came of it?" not in dict(in_full(held, NAMES))


def test_a_name_that_nobody_knows_is_not_in_what_a_form_keeps() -> None:
    form = form_of("site_went_live", facts(a_site()))
    raw = raw_answers(tuple(form.questions()), [("trained", "n1"), ("trained", "n2")])
    assert raw["trained"] == ("n1", "n2")


def test_the_clauses_of_an_entry_are_those_of_its_task_and_of_what_comes_before() -> None:
    process: Process = a_site().process
    assert clauses_of(process, "site_reviewed") == ("14.6",)
    assert clauses_of(process, "post_moderated") == ()
