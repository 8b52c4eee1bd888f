"""What comes round in the packs that come with Duly, played in memory: the life of a site, a review, a signature."""

from datetime import date, datetime, time
from typing import Any

import packs
from domain.calendar import LONDON
from domain.cases import Act, Opening, Recordable, Request
from domain.events import AnyEvent, AskOpened, Verdict
from domain.fields import Raw
from domain.pack import Pack, Process, Story
from domain.round_entries import (
    BoardDecided,
    ConsultationHeld,
    DraftReady,
    EqualityAssessed,
    LeadershipConsulted,
    SiteClosed,
    SiteEvaluated,
    SiteReviewed,
    SiteWentLive,
)
from domain.signatures import still_to_open
from tests.packs.trying import BEGINS, TODAY, an_opening, facts_of, whole_pack
from workflows.acknowledgement import signing
from workflows.explorer import Move, Played, TimePasses, play
from workflows.stories import STORIES


def process_of(pack: Pack, story: Story) -> Process:
    """Return the process that `story` runs in `pack`."""
    process = pack.told_by(story)
    assert process is not None
    return process


def person(pack: str, name: str) -> str:
    """Return the id of somebody of the demo."""
    return next(one.id for one in facts_of(pack).directory.people if one.name == name)


def holder(pack: str, seat: str) -> str:
    """Return the id of whoever holds a seat at the first school of the demo."""
    facts = facts_of(pack)
    return facts.directory.holders(str(facts.school), seat)[0].id


def a_life(pack: Pack, answers: dict[str, Raw] | None = None) -> Opening:
    """Return with what the life of the site begins that the demo asks for."""
    created = an_opening(whole_pack(pack.key), answers)
    request = created.request
    wanted = {"author": request.author, **request.answers, "site": "c-0"}
    return created.model_copy(
        update={
            "process": process_of(pack, "site_life"),
            "seats": pack.seats,
            "request": request.model_copy(update={"starter": "", "author": "", "answers": wanted}),
        }
    )


def a_case(pack: Pack, process: Process, **answers: Any) -> Opening:
    """Return with what another process begins by itself."""
    return Opening(
        case="c-1",
        reference="K7QM-4TXR",
        organisation=pack.organisation.key,
        school=pack.organisation.schools[0].key,
        pack_digest="0" * 64,
        process=process,
        seats=pack.seats,
        calendar=packs.expand(pack.calendar, TODAY.year),
        request=Request(title=pack.document.title, starter="", author="", answers=answers),
    )


def a_review(pack: Pack, review_on: date | None = date(2027, 5, 3)) -> Opening:
    """Return with what the review of the policy begins."""
    due = {"review_on": review_on.isoformat()} if review_on is not None else {}
    version = pack.document.version or ""
    return a_case(pack, process_of(pack, "review"), document="policy", version=version, **due)


def a_signature(pack: Pack, signer: str, key: str = "acknowledgement") -> Opening:
    """Return with what begins that somebody is asked to sign, in the acknowledgement `key`."""
    found = facts_of(pack.key).directory.person(signer)
    manager = {"line_manager": found.line_manager} if found is not None and found.line_manager else {}
    whole = pack.process(key)
    assert whole is not None
    process = signing(whole)
    campaign = process.campaign
    document = campaign.documents[0] if campaign is not None else "policy"
    control = pack.control(document)
    assert control is not None
    about = {"document": document, "version": control.version or "", "digest": control.digest}
    return a_case(pack, process, signer=signer, **about, **manager)


def played(opening: Opening, *moves: Move) -> Played:
    """Return what comes of `moves`."""
    story = STORIES[opening.process.story]()
    return play(story, opening, facts_of(opening.organisation).directory, BEGINS, moves)


def events(so_far: Played) -> list[AnyEvent]:
    """Return the events, without their numbers and times."""
    return [said.event for said in so_far.events]


def asked_for(so_far: Played) -> list[str]:
    """Return for what somebody was asked, in order."""
    return [event.step for event in events(so_far) if isinstance(event, AskOpened)]


def says(so_far: Played) -> list[str]:
    """Return the replies to all acts."""
    return [reply.says for reply in so_far.replies]


def on(day: date) -> TimePasses:
    """Return that time passes until the evening of `day`."""
    return TimePasses(until=datetime.combine(day, time(18), LONDON))


def record(who: str, entry: Recordable) -> Act:
    """Return that somebody who is signed in puts an entry on record."""
    return Act(kind="record", person=who, how="session", entry=entry, occasion=entry.kind)


def live(trained: tuple[str, ...] = (), day: date = TODAY) -> SiteWentLive:
    """Return that the site went live."""
    return SiteWentLive(
        address="https://elms.example", on=day, terms_published="yes", privacy="Closed", trained=trained
    )


def everybody(opening: Opening) -> tuple[str, ...]:
    """Return all who run a site, by its form."""
    named = (opening.request.answers.get(role) for role in ("administrators", "moderators"))
    return tuple(one for people in named if isinstance(people, tuple) for one in people)


def an_entry(kind: str, day: date = TODAY) -> Recordable:
    """Return an entry of that kind, filled in."""
    entries: dict[str, Recordable] = {
        "site_went_live": live(),
        "site_reviewed": SiteReviewed(maintained="yes", as_agreed="yes", privacy="Closed"),
        "leadership_consulted": LeadershipConsulted(with_whom="The headteacher"),
        "site_evaluated": SiteEvaluated(achieved="yes", aims="All of them"),
        "site_closed": SiteClosed(
            on=day, contents="Deleted", contacts_removed="yes", achieved="in_part", aims="Most of them"
        ),
        "draft_ready": DraftReady(
            version="9", supersedes="", what_changed="The editions", effective_from=day, text="New words"
        ),
        "consultation_held": ConsultationHeld(with_whom="The unions", first=day, last=day, responses="None"),
        "equality_assessed": EqualityAssessed(negative_impact="no", what_is_done="Nothing"),
        "board_decided": BoardDecided(approved="yes", minute="7", on=day, quorate="yes"),
    }
    return entries[kind]


def all_opened(opening: Opening, so_far: Played) -> tuple[Act, ...]:
    """Return that whoever is to sign opens what has to be opened first."""
    (ask,) = so_far.standing.asks
    person = so_far.asked[ask.ask][0].person
    return tuple(
        Act(kind="open", person=person, how="link", ask=ask.ask, reading=one.key)
        for one in still_to_open(opening.process.campaign, ())
    )


def an_approval(opening: Opening, so_far: Played, verdict: Verdict = Verdict.APPROVE) -> Act:
    """Return a complete answer of the first person who is asked to decide now."""
    ask = next(one for one in so_far.standing.asks if opening.process.step(one.step) is not None)
    step = opening.process.step(ask.step)
    assert step is not None
    return Act(
        kind="answer",
        person=so_far.asked[ask.ask][0].person,
        how="link",
        ask=ask.ask,
        version=(so_far.standing.request or opening.request).version,
        verdict=verdict,
        signature="A name",
        confirmations=tuple(one.key for one in step.confirmations),
        comment="Because.",
        opened_at=so_far.now,
    )
