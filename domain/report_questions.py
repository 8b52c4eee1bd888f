"""What a report asks, page by page, in the words of the school's pack."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from domain.allegations import Category
from domain.fields import Day, LongText, ManyOf, OneOf, Option, Question, ShortText, YesNoUnsure
from domain.pack import Pack, Process, School, Seat
from domain.report_so_far import SoFar, events_in, people_in
from domain.text import is_blank

NONE: Final = "none_of_them"
OTHER: Final = "other"
UNSURE: Final = "unsure"

HEADTEACHER: Final = "headteacher"
IT_ADMINISTRATOR: Final = "it_administrator"
"""The seats that every report asks about, where a pack has them; whoever sits in others is asked about as well."""

CATEGORIES: Final[dict[str, str]] = {
    Category.EMPLOYEE: "Somebody who works at the school",
    Category.HEADTEACHER: "The headteacher",
    Category.CENTRAL_STAFF: "Somebody whom the trust employs centrally",
    Category.GOVERNOR: "A governor or trustee",
    Category.SUPPLY: "Supply or agency staff",
    Category.TRAINEE: "A trainee, an apprentice or a student teacher",
    Category.CONTRACTOR: "A contractor, or somebody who works for one",
    Category.VOLUNTEER: "A volunteer",
    Category.PUPIL: "A pupil",
    Category.PUBLIC: "A parent, or another member of the public",
    UNSURE: "I do not know",
}
"""What somebody is, in plain words (Newall Green 4.1, ALLEG-09; MTOAT, Responsibilities, INC-06)."""


class Place(NamedTuple):
    """The school that a report is about, and its organisation's pack."""

    pack: Pack
    school: School


class ReportTopic(NamedTuple):
    """What something can be about: as a pack's process has it."""

    key: str
    label: str
    at_risk: bool


def places(packs: Mapping[str, Pack]) -> dict[str, Place]:
    """Return every school that a report can be about, by the key under which it is chosen."""
    found = (Place(pack, school) for pack in packs.values() for school in pack.organisation.schools)
    return {option_of(f"{place.pack.organisation.key}/{place.school.key}"): place for place in found}


def place_of(so_far: SoFar, packs: Mapping[str, Pack]) -> Place | None:
    """Return the school that a report is about, or None where none was chosen yet."""
    found = places(packs)
    return next(iter(found.values())) if len(found) == 1 else found.get(str(so_far.typed.get("school", "")))


def processes_of(pack: Pack) -> dict[str, Process]:
    """Return the processes that a report can open, by their stories."""
    return {process.story: process for process in pack.processes if process.confidential}


def seats_of(pack: Pack) -> dict[str, Seat]:
    """Return the seats whose holders a report would reach, and those that every report asks about, by their options.

    Source: Newall Green 6.24 (ALLEG-11).
    """
    routes = [route for process in processes_of(pack).values() for route in process.routes]
    asked = {HEADTEACHER, IT_ADMINISTRATOR}
    for route in routes:
        asked |= {*route.ladders.get("case_manager", ()), *route.told, *route.involved}
    return {option_of(seat.key): seat for seat in pack.seats if seat.key in asked}


def topics_of(pack: Pack) -> dict[str, ReportTopic]:
    """Return what a report can be about, by the options: what the pack names, and always something else.

    Source: Cadmus 7, “some examples” (DISC-27).
    """
    found = {OTHER: ReportTopic(OTHER, "Something else", at_risk=False)}
    for process in processes_of(pack).values():
        for one in process.topics:
            if one.key == OTHER or option_of(one.key) not in found:
                found[option_of(one.key)] = ReportTopic(one.key, one.label, one.at_risk)
    return {**{key: topic for key, topic in found.items() if key != OTHER}, OTHER: found[OTHER]}


def questions_on(page: str, so_far: SoFar, packs: Mapping[str, Pack]) -> tuple[Question, ...]:
    """Return what a page asks, for what was answered so far; nothing, where it only says something."""
    place = place_of(so_far, packs)
    if page == "start":
        return tuple(_start(places(packs)))
    if page == "people":
        return tuple(question for n in range(1, so_far.people + 1) for question in _person(so_far, n))
    if page == "events" and place is not None:
        topics = topics_of(place.pack)
        return tuple(question for n in range(1, so_far.events + 1) for question in _event(so_far, n, topics))
    if page == "involved" and place is not None:
        return (_involved(seats_of(place.pack)),)
    return _FIXED.get(page, ())


def option_of(key: str) -> str:
    """Return `key` as an option is called."""
    return key if key.isidentifier() and key.isascii() else f"x{key.encode().hex()}"


def _start(schools: Mapping[str, Place]) -> Iterator[Question]:
    several = len({place.pack.organisation.key for place in schools.values()}) > 1
    if len(schools) > 1:
        yield OneOf(
            type="one_of",
            key="school",
            label="Which school is it about?",
            required=True,
            missing="Choose the school",
            options=tuple(
                Option(
                    key=key,
                    label=place.school.name,
                    hint=place.pack.organisation.name if several and place.school.name != _name(place) else None,
                )
                for key, place in schools.items()
            ),
        )
    yield YesNoUnsure(
        type="yes_no_unsure",
        key="danger",
        label="Is anyone in danger now?",
        hint="Unsure counts as yes.",
        required=True,
        missing="Say whether anyone is in danger now",
    )


def _name(place: Place) -> str:
    return place.pack.organisation.name


def _involved(seats: Mapping[str, Seat]) -> Question:
    return ManyOf(
        type="many_of",
        key="involved",
        label="Choose everybody who is involved, or could be",
        hint="Unsure counts as yes. Whoever you choose is told nothing of your report and cannot read it.",
        required=True,
        missing="Choose everybody who could be involved, or “None of them”",
        options=(
            *(Option(key=key, label=seat.title) for key, seat in seats.items()),
            Option(key=NONE, label="None of them", alone=True),
        ),
    )


def _person(so_far: SoFar, n: int) -> Iterator[Question]:
    required = n in people_in(so_far)
    yield ShortText(
        type="short_text",
        key=f"name_{n}",
        label="Name, as far as you know it",
        hint="A school email address is surest. If you do not know the name, describe the person. "
        "For a pupil, initials and class are enough.",
        required=required,
        missing="Type the name, or describe the person",
    )
    yield OneOf(
        type="one_of",
        key=f"category_{n}",
        label="What are they?",
        required=required,
        missing="Choose what the person is; “I do not know” is an answer",
        options=tuple(Option(key=key, label=label) for key, label in CATEGORIES.items()),
    )
    yield ShortText(
        type="short_text",
        key=f"capacity_{n}",
        label="Did they act in another role? (optional)",
        hint="Such as a member of the parent-teacher association, or a coach of a club. It counts all the same.",
    )


def _named(so_far: SoFar, n: int) -> str:
    name = so_far.typed.get(f"name_{n}", "")
    return name if isinstance(name, str) and not is_blank(name) else f"Person {n}"


def _event(so_far: SoFar, n: int, topics: Mapping[str, ReportTopic]) -> Iterator[Question]:
    required, people = n in events_in(so_far), people_in(so_far)
    if len(people) > 1:
        yield ManyOf(
            type="many_of",
            key=f"about_{n}",
            label="Who was it?",
            required=required,
            missing="Choose who it was",
            options=tuple(Option(key=f"person_{one}", label=_named(so_far, one)) for one in people),
        )
    yield OneOf(
        type="one_of",
        key=f"topic_{n}",
        label="What is it about?",
        required=required,
        missing="Choose what it is about; “Something else” is an answer",
        options=tuple(Option(key=key, label=topic.label) for key, topic in topics.items()),
    )
    yield LongText(
        type="long_text",
        key=f"what_{n}",
        label="What happened?",
        hint="What you saw, heard or were told, in your own words. Write initials instead of the names of pupils.",
        required=required,
        missing="Say in your own words what happened",
    )


_CONTACT: Final = "How can they reach you? (optional)"
_FIXED: Final[dict[str, tuple[Question, ...]]] = {
    "images": (
        YesNoUnsure(
            type="yes_no_unsure",
            key="images",
            label="May indecent images of a child be involved?",
            hint="Unsure counts as yes.",
            required=True,
            missing="Say whether indecent images of a child may be involved",
        ),
    ),
    "at_risk": (
        YesNoUnsure(
            type="yes_no_unsure",
            key="at_risk",
            label="Could a child be at risk?",
            hint="From this person, in or out of school. Unsure counts as yes.",
            required=True,
            missing="Say whether a child could be at risk",
        ),
    ),
    "when": (
        Day(type="date", key="happened_on", label="When did it happen? (optional)"),
        Day(type="date", key="noticed_on", label="When did you notice it, or hear of it? (optional)"),
        ShortText(type="short_text", key="where", label="Where did it happen? (optional)", most=500),
    ),
    "reporter": (
        OneOf(
            type="one_of",
            key="mode",
            label="How do you want to report?",
            required=True,
            missing="Choose how you want to report",
            options=(
                Option(
                    key="named",
                    label="By name",
                    hint="Whoever sees to it may tell others who must know that it was you.",
                    reveals=(
                        ShortText(type="short_text", key="name", label="Your name"),
                        ShortText(type="short_text", key="contact", label=_CONTACT),
                    ),
                ),
                Option(
                    key="confidential",
                    label="Confidentially",
                    hint="Only whoever sees to it knows your name, unless the law makes them give it.",
                    reveals=(
                        ShortText(type="short_text", key="confidential_name", label="Your name"),
                        ShortText(type="short_text", key="confidential_contact", label=_CONTACT),
                    ),
                ),
                Option(
                    key="anonymous",
                    label="Without your name",
                    hint="Nothing is kept that says who you are, even if you are signed in.",
                ),
            ),
        ),
    ),
}
"""What those pages ask that ask everybody the same."""
