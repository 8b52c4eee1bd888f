"""What has to be opened before one signs, and when a campaign comes round again: tables and properties."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import Period
from domain.coming_dates import Every, period_of
from domain.deciding import Typed
from domain.events import Recorded, Verdict
from domain.pack import Campaign
from domain.pack_faults import faults_of
from domain.round_entries import ReadingOpened
from domain.signatures import opened_by, still_to_open, unready_to_put_name, unready_to_read_over
from tests.packs.trying import whole_pack

AT: Final = datetime(2026, 11, 2, 9, tzinfo=UTC)
READINGS: Final[list[dict[str, Any]]] = [
    {"key": "note", "title": "Briefing note", "address": "https://example.org/note", "clause": "12.5"},
    {"key": "advice", "title": "Advice", "edition": "June 2015", "text": "Be careful.", "clause": "12.3"},
    {"key": "law", "title": "The law", "text": "Be good.", "clause": "12.3"},
]
KEYS: Final = ("note", "advice", "law")
TERMS: Final = (
    Period(name="Autumn", first=date(2026, 9, 2), last=date(2026, 12, 18)),
    Period(name="Spring", first=date(2027, 1, 4), last=date(2027, 3, 25)),
)


def a_campaign(**more: Any) -> Campaign:
    """Return a campaign in which three readings have to be opened first."""
    told = {"owner": "headteacher", "documents": ["code"], "audience": ["employee"], "clause": "12.5"}
    return Campaign.model_validate({**told, "readings": READINGS, "open_first": True, **more})


def opened(key: str, by: str = "ann", n: int = 1) -> Recorded:
    """Return that somebody opened a reading."""
    return Recorded(n=n, at=AT + timedelta(hours=n), event=ReadingOpened(by=by, how="link", reading=key, title=key))


@given(st.lists(st.tuples(st.sampled_from((*KEYS, "other")), st.sampled_from(("ann", "ben")))))
def test_one_signs_exactly_when_one_has_opened_everything_oneself(said: list[tuple[str, str]]) -> None:
    history = [opened(key, by, n) for n, (key, by) in enumerate(said, 1)]
    own = {key for key, by in said if by == "ann"}
    left = still_to_open(a_campaign(), opened_by("ann", history))
    assert {one.key for one in left} == set(KEYS) - own
    typed = Typed(decision="approve", signature="Ann")
    assert (unready_to_read_over(typed, left) == ()) == (set(KEYS) <= own)
    assert unready_to_put_name(typed, left) == unready_to_read_over(typed, left)


def test_the_first_time_that_something_was_opened_is_the_one_that_counts() -> None:
    assert opened_by("ann", [opened("note", n=1), opened("note", n=2)]) == {"note": AT + timedelta(hours=1)}


def test_whoever_does_not_sign_need_not_open_anything() -> None:
    left = still_to_open(a_campaign(), ())
    typed = Typed(decision="reject", comment="I was not given the training.", signature="Ann")
    assert typed.verdict is Verdict.REJECT
    assert unready_to_put_name(typed, left) == ()


def test_what_is_still_to_be_opened_is_said_by_its_title_and_before_the_name() -> None:
    typed = Typed(decision="approve")
    left = still_to_open(a_campaign(), ("advice",))
    assert [fault.message for fault in unready_to_read_over(typed, left)] == [
        "Open “Briefing note” before you sign",
        "Open “The law” before you sign",
    ]


@pytest.mark.parametrize("campaign", [None, a_campaign(open_first=False), a_campaign(readings=[], open_first=False)])
def test_where_the_pack_does_not_ask_for_it_nothing_has_to_be_opened(campaign: Campaign | None) -> None:
    assert still_to_open(campaign, ()) == ()


# What can be wrong in a pack.


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"readings": [{**READINGS[0], "text": "Too"}]}, "campaign.readings.note: has either an address or a text"),
        ({"readings": [{**READINGS[0], "address": ""}]}, "campaign.readings.note: has either an address or a text"),
        ({"readings": READINGS[:1] * 2}, "campaign.readings: note is there twice"),
        ({"readings": [], "open_first": True}, "campaign.open_first: there are no readings to open"),
        ({"visitors": True}, "campaign.open_first: nobody knows what visitors open at a signing desk"),
        ({"readings": [{**READINGS[0], "clause": "99"}]}, "campaign.readings.note.clause: there is no clause 99"),
        ({"documents": ["own-accounts"]}, "campaign.documents: own-accounts is signed in self_review already"),
        *[
            (
                {"readings": [{**READINGS[0], "address": address}]},
                "campaign.readings.note.address: has to begin with https:// and the name of a host",
            )
            for address in (
                "http://example.org/",
                "javascript:alert(1)",
                "https://ann:secret@example.org/",
                "//example.org/",
                "https://example.org/ and more",
                'https://example.org/"onclick="',
                "https://example.org\\@evil.example/",
            )
        ],
    ],
)
def test_each_fault_of_a_campaign_is_said_with_its_key(changes: dict[str, Any], says: str) -> None:
    pack = whole_pack("newall-green")
    process = pack.process("acknowledgement")
    assert process is not None
    assert process.campaign is not None
    campaign = Campaign.model_validate(process.campaign.model_dump() | changes)
    others = [one for one in pack.processes if one.key != "acknowledgement"]
    changed = (process.model_copy(update={"campaign": campaign}), *others)
    if campaign.documents == ("own-accounts",):
        changed = (*others, process.model_copy(update={"campaign": campaign}))
    found = [str(fault) for fault in faults_of(pack.model_copy(update={"processes": changed}))]
    assert f"processes/acknowledgement.toml: {says}" in found


def test_a_campaign_of_each_term_needs_terms() -> None:
    pack = whole_pack("newall-green")
    bare = pack.model_copy(update={"calendar": pack.calendar.model_copy(update={"terms": ()})})
    found = [str(fault) for fault in faults_of(bare)]
    assert "processes/self_review.toml: campaign.every: comes round each term, and the pack has no terms" in found


# When it comes round.


@pytest.mark.parametrize(
    ("day", "every", "first"),
    [
        (date(2026, 9, 1), "term", None),
        (date(2026, 9, 2), "term", date(2026, 9, 2)),
        (date(2026, 12, 18), "term", date(2026, 9, 2)),
        (date(2026, 12, 19), "term", None),
        (date(2027, 1, 4), "term", date(2027, 1, 4)),
        # Beyond what the school has published, a term is a third of the year.
        (date(2027, 3, 26), "term", date(2027, 1, 1)),
        (date(2027, 5, 1), "term", date(2027, 5, 1)),
        (date(2028, 8, 31), "term", date(2028, 5, 1)),
        (date(2028, 2, 29), "month", date(2028, 2, 1)),
        (date(2027, 2, 28), "half_year", date(2026, 9, 1)),
        (date(2027, 3, 1), "half_year", date(2027, 3, 1)),
        (date(2027, 8, 31), "year", date(2026, 9, 1)),
        (date(2027, 9, 1), "year", date(2027, 9, 1)),
    ],
)
def test_a_period_begins_with_the_term_or_counts_from_september(day: date, every: Every, first: date | None) -> None:
    assert period_of(day, every, TERMS) == first


@given(
    st.dates(date(2026, 1, 1), date(2035, 12, 31)),
    st.sampled_from(("month", "term", "half_year", "year")),
    st.booleans(),
)
def test_every_day_of_a_period_has_the_same_first_day_and_none_lies_ahead(
    day: date, every: Every, has_terms: bool
) -> None:
    terms = TERMS if has_terms else ()
    first = period_of(day, every, terms)
    if first is None:
        assert every == "term"
        assert not any(term.first <= day <= term.last for term in terms)
        return
    assert first <= day <= first + timedelta(days=366)
    if not terms:
        assert period_of(first, every, terms) == first
