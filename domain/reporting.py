"""From what was reported to the matter that it opens: who is meant, who must not learn of it, and who sees to it.

It errs on the side of telling too few: whoever could be meant, or could be involved, is recused.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from domain.allegations import Allegation, Category, Matter, Reporter, Subject, YesNoUnsure
from domain.base import Frozen
from domain.forms import Answers
from domain.matters import route_of, stand_ins_under
from domain.pack import Pack, Process, Route
from domain.people import Asked, Directory, Person, who_is_asked
from domain.report_people import Reported, category_of, may_mean, meant_by, seats_meant_by
from domain.report_questions import NONE, UNSURE, Place, processes_of, seats_of, topics_of
from domain.report_so_far import SoFar, events_in, people_in
from domain.text import fold_name, is_blank
from domain.words import weekday_in_words


class Happened(Frozen):
    """Something that is reported: of whom, by their places in the report, about what, and what."""

    about: tuple[int, ...]
    topic: str
    what: str = Field(repr=False)


class Report(Frozen):
    """What somebody reports, whole and well-formed; nothing in it has been compared with the directory."""

    people: tuple[Reported, ...] = Field(min_length=1)
    events: tuple[Happened, ...] = Field(min_length=1)
    reporter: Reporter
    involved: tuple[str, ...] = ()
    danger: YesNoUnsure = "no"
    images: YesNoUnsure = "no"
    at_risk: YesNoUnsure = "unsure"
    happened_on: date | None = None
    noticed_on: date | None = None
    where: str = Field(default="", repr=False)


class Begun(Frozen):
    """What a report opens: by which process, about what, and whom it reaches now; nobody, where nobody is left."""

    process: Process
    matter: Matter
    asked: tuple[Asked, ...]


def report_of(so_far: SoFar, answers: Answers, pack: Pack, reporter: Reporter) -> Report:
    """Return the report that the `answers` of all its pages make."""

    def text(key: str) -> str:
        return str(answers.get(key, ""))

    def several(key: str) -> tuple[str, ...]:
        found = answers.get(key, ())
        return found if isinstance(found, tuple) else (str(found),)

    def day(key: str) -> date | None:
        return date.fromisoformat(text(key)) if key in answers else None

    numbers, topics = people_in(so_far), topics_of(pack)
    everybody = tuple(f"person_{n}" for n in numbers)
    return Report(
        people=tuple(
            Reported(
                name=text(f"name_{n}"),
                category=Category.EMPLOYEE if text(f"category_{n}") == UNSURE else Category(text(f"category_{n}")),
                capacity=text(f"capacity_{n}"),
            )
            for n in numbers
        ),
        events=tuple(
            Happened(
                about=tuple(everybody.index(key) for key in several(f"about_{n}") or everybody),
                topic=topics[text(f"topic_{n}")].key,
                what=text(f"what_{n}"),
            )
            for n in events_in(so_far)
        ),
        reporter=reporter,
        involved=involved_in(answers, pack),
        danger=_unsure_too(text("danger")),
        images=_unsure_too(text("images")),
        at_risk=_unsure_too(text("at_risk")),
        happened_on=day("happened_on"),
        noticed_on=day("noticed_on"),
        where=text("where"),
    )


def involved_in(answers: Answers, pack: Pack) -> tuple[str, ...]:
    """Return the seats whose holders are or could be involved, as was said."""
    seats, chosen = seats_of(pack), answers.get("involved", ())
    return tuple(seats[key].key for key in (chosen if isinstance(chosen, tuple) else ()) if key != NONE)


def reporter_of(answers: Answers, signed_in: Person | None) -> Reporter:
    """Return who reports. An anonymous reporter is nobody, whoever is signed in.

    Whoever is signed in and types no other name reports as themself; a name that is only typed is nobody's of the
    directory.
    """
    mode: Literal["named", "confidential"]
    if answers.get("mode") == "named":
        mode, name, contact = "named", "name", "contact"
    elif answers.get("mode") == "confidential":
        mode, name, contact = "confidential", "confidential_name", "confidential_contact"
    else:
        return Reporter(mode="anonymous")
    typed = str(answers.get(name, ""))
    own = signed_in if signed_in is not None and fold_name(typed) in {"", fold_name(signed_in.name)} else None
    return Reporter(
        mode=mode,
        person=own.id if own else None,
        name=own.name if own else typed,
        contact=str(answers.get(contact, "")),
    )


def begun_by(report: Report, place: Place, directory: Directory, day: date) -> Begun | None:
    """Return what `report` opens on `day`, or None where the pack has no process for it.

    Where a child could be at risk, it is an allegation; otherwise a matter of conduct, which begins with a triage.

    Source: Cadmus 10.1 (ALLEG-01) and 3.4 (DISC-01); Societas 7.5 (DISC-34).
    """
    at_risk = _at_risk(report, place.pack)
    processes = processes_of(place.pack)
    process = processes.get("allegation") if at_risk != "no" else processes.get("disciplinary", _first(processes))
    if process is None:
        return None
    matter = _matter(report, process, place, directory, at_risk)
    route = route_of(process, matter)
    if route is None:
        return Begun(process=process, matter=matter, asked=())
    recused = frozenset(matter.recused) | _only_through(frozenset(matter.recused), route, place, directory)
    recused |= stand_ins_under(recused, directory)
    matter = matter.model_copy(update={"recused": tuple(sorted(recused))})
    asked = who_is_asked(route.ladders["case_manager"], place.school.key, None, directory, day, recused)
    return Begun(process=process, matter=matter, asked=asked)


def reaches_anybody(involved: tuple[str, ...], place: Place, directory: Directory, day: date) -> bool:
    """Return whether anybody could see to a report of which the holders of the seats `involved` may not learn."""
    recused = _holders(involved, place, directory)
    return any(
        who_is_asked(route.ladders["case_manager"], place.school.key, None, directory, day, recused)
        for process in processes_of(place.pack).values()
        for route in process.routes
    )


def _matter(report: Report, process: Process, place: Place, directory: Directory, at_risk: YesNoUnsure) -> Matter:
    known = [meant_by(one, directory) for one in report.people]
    recipients = _recipients(process, place, directory)
    possible = {person.id: person for person in known if person is not None}
    for one, meant in zip(report.people, known, strict=True):
        if meant is None:
            by_seat = _holders(seats_meant_by(one, place.pack), place, directory)
            possible |= {person.id: person for person in recipients if person.id in by_seat or may_mean(one, person)}
    subjects, keys = _subjects(report, known)
    distinguished = {seat for route in process.routes for seat in route.involved}
    held = (seat.seat for person in possible.values() for seat in person.holdings if seat.school == place.school.key)
    involved = tuple(dict.fromkeys((*report.involved, *(seat for seat in held if seat in distinguished))))
    return Matter(
        subjects=subjects,
        allegations=tuple(_allegations(report, keys)),
        reporter=report.reporter,
        involved=involved,
        recused=tuple(sorted({*possible, *_holders(report.involved, place, directory)})),
        danger=report.danger,
        images=report.images,
        at_risk=at_risk,
        happened_on=report.happened_on,
        where=report.where,
    )


def _subjects(report: Report, known: list[Person | None]) -> tuple[tuple[Subject, ...], list[str]]:
    """Return the subjects, somebody who is named twice once, and the key of each of those reported."""
    subjects: dict[str, Subject] = {}
    keys: list[str] = []
    by_person: dict[str, str] = {}
    for one, person in zip(report.people, known, strict=True):
        key = by_person.get(person.id) if person is not None else None
        if key is None:
            key = f"s{len(subjects) + 1}"
            subjects[key] = Subject(
                key=key,
                name=person.name if person is not None else one.name,
                category=category_of(person, one.category) if person is not None else one.category,
                person=person.id if person is not None else None,
            )
        if person is not None:
            by_person[person.id] = key
        keys.append(key)
    return tuple(subjects.values()), keys


def _allegations(report: Report, keys: list[str]) -> Iterator[Allegation]:
    n = 0
    for event in report.events:
        told: dict[str, list[str]] = {}
        for place in event.about:
            told.setdefault(keys[place], []).append(report.people[place].capacity)
        for key, capacities in told.items():
            n += 1
            yield Allegation(key=f"a{n}", subject=key, topic=event.topic, what=_in_full(report, event, capacities))


def _in_full(report: Report, event: Happened, capacities: list[str]) -> str:
    """Return what happened with what a matter has no place for: the role in which they acted, and when it was noticed.

    Source: Cadmus 13 (DISC-09); MTOAT, Personal use (INC-07).
    """
    roles = [f"Acting as: {capacity}" for capacity in capacities if not is_blank(capacity)]
    noticed = [f"Noticed on {weekday_in_words(report.noticed_on)}"] if report.noticed_on is not None else []
    return "\n\n".join((event.what, *roles, *noticed))


def _at_risk(report: Report, pack: Pack) -> YesNoUnsure:
    """Return whether a child could be at risk: as was said, or by the nature of what was said."""
    if report.at_risk != "no":
        return report.at_risk
    risky = {topic.key for topic in topics_of(pack).values() if topic.at_risk}
    return "yes" if any(event.topic in risky for event in report.events) else report.images


def _recipients(process: Process, place: Place, directory: Directory) -> tuple[Person, ...]:
    """Return everybody whom the case could reach: who holds a seat that it asks or tells, and their deputies."""
    seats = {seat for route in process.routes for seat in _seats_of(route)} | {*process.custodians}
    holders = [person for seat in sorted(seats) for person in directory.holders(place.school.key, seat)]
    deputies = [directory.person(person.deputy) for person in holders if person.deputy]
    return tuple({person.id: person for person in (*holders, *deputies) if person is not None}.values())


def _only_through(recused: frozenset[str], route: Route, place: Place, directory: Directory) -> frozenset[str]:
    """Return those who would be asked only as deputies of somebody who is recused, and in no seat of their own."""
    seats = _seats_of(route)
    own = {person.id for seat in seats for person in directory.holders(place.school.key, seat)}
    people = (directory.person(person) for person in recused)
    return frozenset(one.deputy for one in people if one is not None and one.deputy) - own


def _seats_of(route: Route) -> frozenset[str]:
    return frozenset((*route.told, *(seat for ladder in route.ladders.values() for seat in ladder)))


def _holders(seats: tuple[str, ...], place: Place, directory: Directory) -> frozenset[str]:
    return frozenset(person.id for seat in seats for person in directory.holders(place.school.key, seat))


def _first(processes: Mapping[str, Process]) -> Process | None:
    return next(iter(processes.values()), None)


def _unsure_too(answer: str) -> YesNoUnsure:
    return "yes" if answer == "yes" else "no" if answer == "no" else "unsure"
