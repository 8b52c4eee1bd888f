"""What the forms of a site's life ask once more: one answer for each aim, and who is authorised when it goes live."""

from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fields import FormFacts, Raw
from domain.round_entries import AimJudged, SiteClosed, SiteEvaluated, SiteWentLive
from domain.round_forms import RoundFacts, RoundRead, form_of, in_full, read_round
from tests.rounds import REVIEW, a_site, an_opening_of, people_of_rounds

TODAY: Final = date(2026, 11, 2)
PEOPLE: Final = people_of_rounds()
LIVE: Final = SiteWentLive(address="x", on=TODAY, terms_published="yes", privacy="x", trained=("author",))
AIMS: Final = "1. Parents know what is taught.\n\n- Pupils show their work\n• Pupils show their work\n   "
CLOSED: Final[dict[str, Raw]] = {"on": ("2", "11", "2026"), "contents": "Deleted.", "contacts_removed": "yes"}


def facts(aims: str = AIMS, **more: Any) -> RoundFacts:
    """Return what is known of a site with those aims."""
    opening = a_site(aims=aims) if aims else a_site()
    past = more.pop("past", (LIVE,))
    return RoundFacts(opening=opening, request=opening.request, past=past, today=TODAY, **more)


def read(kind: str, raw: dict[str, Raw], known: RoundFacts) -> RoundRead:
    """Return what becomes of what was typed."""
    return read_round(kind, raw, known, FormFacts(directory=PEOPLE, today=TODAY, school=known.opening.school))


@pytest.mark.meets("LIFE-04")
def test_each_aim_that_the_form_states_is_asked_about_once() -> None:
    questions = {question.key: question.label for question in form_of("site_evaluated", facts()).questions()}
    assert list(questions) == ["aim_1", "aim_2", "aims", "note"]
    assert questions["aim_1"].endswith(": Parents know what is taught.")
    assert questions["aim_2"].endswith(": Pupils show their work")


@pytest.mark.meets("LIFE-04")
@pytest.mark.parametrize("kind", ["site_evaluated", "site_closed"])
@pytest.mark.parametrize(
    ("first", "second", "together"),
    [("yes", "yes", "yes"), ("no", "no", "no"), ("yes", "no", "in_part"), ("in_part", "in_part", "in_part")],
)
def test_one_answer_for_each_aim_is_on_record(kind: str, first: str, second: str, together: str) -> None:
    more = CLOSED if kind == "site_closed" else {}
    entry = read(kind, {**more, "aim_1": first, "aim_2": second, "aims": "Both."}, facts()).entry
    assert isinstance(entry, SiteEvaluated | SiteClosed)
    assert entry.achieved == together
    assert [(one.aim, one.achieved) for one in entry.each] == [
        ("Parents know what is taught.", first),
        ("Pupils show their work", second),
    ]
    assert "Aim: Pupils show their work" in dict(in_full(entry, {}))


@pytest.mark.parametrize("missing", ["aim_1", "aim_2"])
def test_no_aim_is_passed_over(missing: str) -> None:
    raw: dict[str, Raw] = {"aim_1": "yes", "aim_2": "yes", "aims": "Both."}
    del raw[missing]
    wrong = read("site_evaluated", raw, facts())
    assert [(fault.field, fault.message) for fault in wrong.faults] == [
        (missing, "Say of each aim whether it was achieved")
    ]
    assert wrong.entry is None


def test_a_form_that_states_no_aims_is_evaluated_as_a_whole() -> None:
    entry = read("site_evaluated", {"achieved": "in_part", "aims": "Some."}, facts(aims="")).entry
    assert entry == SiteEvaluated(achieved="in_part", aims="Some.")


@given(st.text())
def test_whatever_somebody_typed_as_aims_there_is_a_form_for_it(aims: str) -> None:
    known = facts(aims=aims)
    assert len(known.aims) <= 20
    raw: dict[str, Raw] = {**dict.fromkeys(known.aims, "yes"), "aims": "All."}
    if known.aims:
        entry = read("site_evaluated", raw, known).entry
        assert isinstance(entry, SiteEvaluated)
        assert entry.each == tuple(AimJudged(aim=aim, achieved="yes") for aim in known.aims.values())


@pytest.mark.meets("SITE-28")
def test_no_site_goes_live_with_somebody_who_is_not_authorised_any_more() -> None:
    raw: dict[str, Raw] = {
        "address": "https://example.org",
        "on": ("2", "11", "2026"),
        "terms_published": "yes",
        "privacy": "Closed.",
        "trained": ("n1", "n2", "n3", "n4"),
    }
    names = {person.id: person.name for person in PEOPLE.people}
    assert read("site_went_live", raw, facts(past=(), names=names)).entry is not None
    wrong = read("site_went_live", raw, facts(past=(), names=names, unauthorised=("manager",)))
    [fault] = wrong.faults
    assert fault.field == "trained"
    assert f"Nobody has authorised {names['manager']}" in fault.message


@pytest.mark.parametrize(
    ("version", "free"), [("1.0", False), ("Version 1.0", False), ("v1.0 ", False), ("Autumn", False), ("1.1", True)]
)
def test_no_version_has_the_number_or_name_of_an_older_one(version: str, free: bool) -> None:
    opening = an_opening_of(REVIEW, "review", document="code", version="2.0")
    known = RoundFacts(
        opening=opening, request=opening.request, past=(), today=TODAY, versions=("1.0", "autumn", "", "2.0")
    )
    raw: dict[str, Raw] = {
        "version": version,
        "supersedes": "2.0",
        "what_changed": "All.",
        "effective_from": ("1", "1", "2027"),
        "text": "Be kind.",
    }
    assert [fault.field for fault in read("draft_ready", raw, known).faults] == ([] if free else ["version"])
