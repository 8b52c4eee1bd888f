"""What to say to the Local Authority Designated Officer: text to copy into the authority's own form, or to read out."""

from collections.abc import Mapping, Sequence
from typing import Final

from domain.allegations import Category, Matter
from domain.calendar import local_day
from domain.entries import (
    BreachReported,
    CustodyRecorded,
    InterimSafeguardTaken,
    PoliceContacted,
    PoliceHoldPlaced,
    SocialCareContacted,
)
from domain.entry_words import CATEGORIES
from domain.events import Recorded
from domain.pack import Process
from domain.words import clock_time, day_in_words

_ANSWERS: Final = {"yes": "Yes", "no": "No", "unsure": "Not sure"}


def referral_text(
    process: Process,
    matter: Matter,
    history: Sequence[Recorded],
    *,
    school: str,
    sees_to_it: str,
    told: Mapping[int, str],
) -> str:
    """Return what is known of `matter` as it stands, in plain lines.

    `sees_to_it` is who the LADO speaks to at the school, `told` what was recorded, in words, by its number. Who
    reported it is not in it: that is said by phone, if they ask.

    Source: Cadmus 10.1 (ALLEG-03); KCSIE, Part Four.
    """
    topics = {topic.key: topic.label for topic in process.topics}
    names = {subject.key: subject.name for subject in matter.subjects}
    lines = ["Referral of an allegation to the Local Authority Designated Officer", "", f"School: {school}"]
    lines += [f"Who sees to it there: {sees_to_it}"]
    if history:
        at = history[0].at
        lines.append(f"Reported on: {day_in_words(local_day(at))} at {clock_time(at)}")
    lines += ["", "Who it is about:"]
    lines += [f"- {one.name} ({_lower(CATEGORIES[Category(one.category)])})" for one in matter.subjects]
    lines += ["", "What is alleged, as it was reported:"]
    for place, one in enumerate(matter.allegations, 1):
        lines += [f"{place}. Of {names.get(one.subject, one.subject)}: {topics.get(one.topic, one.topic)}", one.what]
    happened = day_in_words(matter.happened_on) if matter.happened_on else "not known"
    lines += ["", f"When it happened: {happened}", f"Where: {matter.where or 'not known'}"]
    lines += [
        f"Is anybody in danger now? {_ANSWERS[matter.danger]}",
        f"Could a child be at risk? {_ANSWERS[matter.at_risk]}",
        f"May indecent images of a child be involved? {_ANSWERS[matter.images]}",
        "",
        "What was done so far:",
    ]
    lines += [f"- {told[said.n]}" for said in history if isinstance(said.event, _DONE)] or [
        "- nothing is on record yet"
    ]
    lines += [
        "",
        "What the person is told, and whether anything is investigated inside, waits for your advice.",
        "Who reported it: ask us by phone.",
    ]
    return "\n".join(lines)


_DONE: Final = (
    PoliceContacted,
    SocialCareContacted,
    InterimSafeguardTaken,
    CustodyRecorded,
    PoliceHoldPlaced,
    BreachReported,
)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
