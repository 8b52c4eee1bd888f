"""What the page of a case shows where it came round by itself: who it is with, what is on record, and what comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from domain.approvals import RESTS_ON_ANSWERS
from domain.cases import Standing
from domain.events import HoldReleased, Recorded
from domain.pack import Story
from domain.round_entries import AnyRoundEntry, CycleBegan, SiteWentLive
from domain.round_forms import RoundFacts, in_full
from domain.round_mails import COMING
from domain.round_texts import FORMS, RoundForm
from starter.web.known import Known
from starter.web.page import Visit
from starter.web.recording import facts_of, offered

_OUTCOMES = {
    "closed": "Closed",
    "cancelled": "Cancelled",
    "refused": "Stopped by a rule of the policy",
    "superseded": "Superseded",
    "signed": "Signed",
    "declined": "Declined",
    "called_off": "Called off",
}
_UNDER_WAY: dict[Story, tuple[str, str]] = {
    "review": ("In force", "Under review"),
    "acknowledgement": ("Being signed", "Being signed"),
    "signature": ("To be signed", "To be signed"),
}
"""How it stands while nobody is asked for anything, and while somebody is."""


@dataclass(frozen=True)
class Runs:
    """Somebody who runs a site, and as what; `there` is whether they are there today, as far as is known."""

    name: str
    roles: tuple[str, ...]
    there: bool


@dataclass(frozen=True)
class OnRecord:
    """What somebody put on record: in a sentence, and in full."""

    n: int
    title: str
    said: Recorded
    words: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ComingRound:
    """What the page of a case shows besides what every case has."""

    offers: tuple[RoundForm, ...]
    dates: tuple[tuple[str, date], ...]
    team: tuple[Runs, ...]
    entries: tuple[OnRecord, ...]
    is_site: bool
    address: str


async def coming_round(visit: Visit, known: Known) -> ComingRound | None:
    """Return what came round of a case; None where it is somebody's request."""
    if not known.is_nobodys:
        return None
    facts = await facts_of(visit, known)
    live = facts.latest(SiteWentLive)
    dates = sorted((one.day, COMING[one.what]) for one in known.standing.dates or ())
    return ComingRound(
        offers=offered(visit.viewer, known, facts),
        dates=tuple((words, day) for day, words in dates),
        team=_team(known, facts),
        entries=_entries(known),
        is_site=known.opening.process.story == "site_life",
        address=live.address if live is not None else "",
    )


def round_state(story: Story, standing: Standing, facts: Sequence[Recorded]) -> str:
    """Return how what comes round stands, in a few words."""
    if standing.outcome == "again":
        return _UNDER_WAY[story][0]
    if standing.outcome in {"signed", "declined"} and any(_is_void(said) for said in facts):
        return "Void"
    if standing.outcome is not None:
        ended = _OUTCOMES.get(standing.outcome, standing.outcome)
        return f"{ended}, under question" if standing.disputed and standing.outcome in RESTS_ON_ANSWERS else ended
    if standing.disputed:
        return "On hold"
    if story in _UNDER_WAY:
        return _UNDER_WAY[story][bool(standing.asks)]
    kinds = [said.event.kind for said in facts]
    posting = next((kind for kind in reversed(kinds) if kind in {"posting_suspended", "posting_resumed"}), "")
    if posting == "posting_suspended":
        return "Posting suspended"
    return "Live" if "site_went_live" in kinds else "Approved, not live yet"


def _is_void(said: Recorded) -> bool:
    return isinstance(said.event, HoldReleased) and not said.event.stands


def _team(known: Known, facts: RoundFacts) -> tuple[Runs, ...]:
    """Return who runs the site: its author, then administrators and moderators (LIFE-07, LIFE-08)."""
    author = str(known.request.answers.get("author", ""))
    people = dict.fromkeys((author, *facts.team("administrators"), *facts.team("moderators")))
    found = []
    for person in people:
        if not person:
            continue
        roles = [role for role, named in (("author", (author,)), *_named(facts)) if person in named]
        away = known.directory.person(person)
        there = away is not None and away.is_active(facts.today) and not away.is_absent(facts.today)
        found.append(Runs(known.name(person), tuple(roles), there))
    return tuple(found)


def _named(facts: RoundFacts) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("administrator", facts.team("administrators")), ("moderator", facts.team("moderators"))


def _entries(known: Known) -> tuple[OnRecord, ...]:
    """Return what people put on record, the latest first; of a review, since it last began again."""
    began = max((place for place, said in enumerate(known.history) if isinstance(said.event, CycleBegan)), default=0)
    told = known.teller.told(known.history)
    found = []
    for said, one in zip(known.history[began:], told[began:], strict=True):
        if isinstance(said.event, AnyRoundEntry):
            title = FORMS[said.event.kind].thing
            found.append(
                OnRecord(said.n, title[:1].upper() + title[1:], said, one.words, in_full(said.event, known.names))
            )
    return tuple(reversed(found))
