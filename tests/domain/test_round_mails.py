"""What a mail says of what comes round: what happened and when, and nothing that somebody wrote in their own words."""

from datetime import date
from typing import Final

import pytest

from domain.coming_dates import What
from domain.events import AnyEvent
from domain.round_entries import (
    ChangeTurnedDown,
    CoverChanged,
    DateComing,
    PostingResumed,
    PostingSuspended,
    ReviewOpened,
    ReviewOverdue,
    SignatureChased,
    SiteChanged,
    SiteClosed,
    SiteReviewed,
    VersionAdopted,
)
from domain.round_mails import is_settled, said_in_mail

DAY: Final = date(2026, 11, 23)
NEW: Final = VersionAdopted(
    document="policy",
    title="A policy",
    version="3",
    supersedes="2",
    digest="d",
    approved_on=DAY,
    effective_from=date(2027, 1, 1),
    review_on=date(2028, 1, 1),
    text="MARKER",
)
CLOSED: Final = SiteClosed(
    by="amina", on=DAY, contents="MARKER", contacts_removed="yes", achieved="yes", aims="MARKER", note="MARKER"
)
LOOKED: Final = SiteReviewed(by="amina", maintained="no", as_agreed="yes", privacy="MARKER", note="MARKER")


def said(event: AnyEvent) -> str:
    return said_in_mail(event, DAY, {"amina": "Amina Okafor", "ben": "Ben Hale"}.__getitem__, "ben")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            CoverChanged(administrators=("amina",), moderators=("amina", "ben"), enough=False),
            "Too few are there who run the site: 1 administrator and 2 moderators on 23 November 2026",
        ),
        (
            CoverChanged(administrators=("amina", "ben"), moderators=("amina", "ben"), enough=True),
            "Enough are there who run the site: 2 administrators and 2 moderators on 23 November 2026",
        ),
        (DateComing(what="closure", on=date(2026, 12, 21), days=28), "The site is to be closed on 21 December 2026"),
        (DateComing(what="review", on=date(2026, 12, 21), days=28), "The review is due on 21 December 2026"),
        (PostingSuspended(by="amina", reason="MARKER"), "Amina Okafor suspended posting on the site on 23 November"),
        (PostingResumed(by="amina"), "Posting on the site goes on since 23 November 2026"),
        (SiteChanged(version=2, title="MARKER"), "The change of the site was approved on 23 November 2026"),
        (
            ChangeTurnedDown(why="rejected", version=3, edition=3, title="MARKER", answers={"content": "MARKER"}),
            "The change of the site was not approved on 23 November 2026: it stays as it was",
        ),
        (CLOSED, "Amina Okafor put on record that the site was closed on 23 November 2026"),
        (LOOKED, "Amina Okafor looked at the site on 23 November 2026: it is not maintained, and is as it was agreed"),
        (
            LOOKED.model_copy(update={"maintained": "yes", "as_agreed": "no"}),
            "Amina Okafor looked at the site on 23 November 2026: it is maintained, and is not as it was agreed",
        ),
        (ReviewOverdue(since=date(2025, 1, 1)), "The review is overdue since 1 January 2025"),
        (ReviewOverdue(since=None), "The review is overdue: it has no date"),
        (NEW, "Version 3 is in force from 1 January 2027"),
        (NEW.model_copy(update={"version": ""}), "A new version is in force from 1 January 2027"),
        (SignatureChased(to=("headteacher",)), "Ben Hale has not read and signed it yet"),
        (ReviewOpened(by="amina", reason="MARKER"), ""),
    ],
)
def test_a_mail_says_what_happened_and_nothing_that_somebody_wrote(event: AnyEvent, words: str) -> None:
    assert said(event).startswith(words)
    assert bool(said(event)) == bool(words)
    assert "MARKER" not in said(event)
    assert not said(event).endswith(".")


@pytest.mark.parametrize(("days", "words"), [(1, "in 1 day"), (7, "in 7 days")])
@pytest.mark.parametrize("what", ["go_live", "site_review", "closure", "review", "signatures"])
def test_a_date_that_comes_is_named_with_the_days_until_then(what: What, days: int, words: str) -> None:
    assert said(DateComing(what=what, on=DAY, days=days)).endswith(f"on 23 November 2026, {words}")


@pytest.mark.parametrize(
    ("event", "outcome", "settled"),
    [
        (CoverChanged(administrators=(), moderators=(), enough=True), None, True),
        (CoverChanged(administrators=(), moderators=(), enough=False), None, False),
        (SignatureChased(to=()), None, False),
        (SignatureChased(to=()), "signed", True),
        (CLOSED, "closed", False),
        (LOOKED, None, False),
        (LOOKED.model_copy(update={"maintained": "yes", "as_agreed": "no"}), None, False),
        (LOOKED.model_copy(update={"maintained": "yes"}), None, True),
    ],
)
def test_a_mail_is_not_sent_where_enough_are_there_all_is_well_or_somebody_has_signed_since(
    event: AnyEvent, outcome: str | None, settled: bool
) -> None:
    assert is_settled(event, outcome) is settled
