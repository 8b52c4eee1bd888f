"""Two invented organisations: Elmbrook with a form of every kind of question, and Redwood, which allows no site."""

from typing import Final

from domain.documents import DocumentControl
from domain.fields import (
    Day,
    LongText,
    ManyOf,
    OneOf,
    OnePerson,
    Option,
    People,
    ShortText,
    WholeNumber,
    YesNoUnsure,
)
from domain.forms import (
    After,
    Choice,
    Differs,
    EnoughPeople,
    Form,
    NotTheSamePerson,
    RequiredWhen,
    Section,
    Within,
)
from domain.pack import Changes, Clause, NotOffered, Organisation, Pack, School
from domain.people import Person, PersonKind
from tests.builders import ORGANISATION, PACK, PEOPLE, PROCESS, SCHOOL, a_person

CLUB: Final = Form(
    key="club",
    title="A club's site",
    source="Appendix 1",
    site_title="name",
    sections=(
        Section(
            key="team",
            title="Team",
            fields=(
                ShortText(
                    type="short_text", key="name", label="Name of the site", required=True, hint="As it will show"
                ),
                OnePerson(type="person", key="author", label="Author", required=True, default="starter"),
                OnePerson(
                    type="person",
                    key="line_manager",
                    label="Line manager",
                    required=True,
                    default="starters_line_manager",
                ),
                ShortText(type="short_text", key="why_other", label="Why another manager?"),
            ),
        ),
        Section(
            key="purpose",
            title="Purpose",
            intro="What it is for.",
            fields=(
                LongText(type="long_text", key="aims", label="Aims", required=True, most=300, missing="Say the aims"),
                ManyOf(
                    type="many_of",
                    key="audience",
                    label="Audience",
                    required=True,
                    options=(
                        Option(
                            key="pupils",
                            label="Pupils",
                            reveals=(
                                WholeNumber(
                                    type="whole_number",
                                    key="youngest",
                                    label="Youngest",
                                    required=True,
                                    least=2,
                                    most=19,
                                    unit="years",
                                ),
                            ),
                        ),
                        Option(key="staff", label="Staff"),
                        Option(key="others", label="Others"),
                    ),
                ),
                OneOf(
                    type="one_of",
                    key="host",
                    label="Host",
                    required=True,
                    options=(
                        Option(key="school", label="The school"),
                        Option(
                            key="third_party",
                            label="A third party",
                            reveals=(ShortText(type="short_text", key="host_name", label="Its name", required=True),),
                        ),
                    ),
                ),
                YesNoUnsure(
                    type="yes_no_unsure", key="publicity", label="Could it draw unwelcome publicity?", material=False
                ),
            ),
        ),
        Section(
            key="running",
            title="Running it",
            fields=(
                People(type="people", key="administrators", label="Administrators", required=True, at_least=2),
                OnePerson(type="person", key="vetter", label="Who vets?", authorised=True),
                Day(type="date", key="live", label="Goes live on", required=True),
                Day(type="date", key="closes", label="Closes on", required=True),
            ),
        ),
    ),
    rules=(
        After(rule="after", field="live", other="today", message="It must go live after today"),
        After(rule="after", field="closes", other="live", message="It must close after it goes live"),
        NotTheSamePerson(
            rule="not_the_same_person", field="line_manager", other="author", message="Name somebody else as manager"
        ),
        Differs(rule="reason_when_changed", field="why_other", other="line_manager", message="Say why another manager"),
        RequiredWhen(
            rule="required_when",
            field="vetter",
            when=Choice(field="audience", any_of=("others",)),
            message="Say who vets others",
        ),
        EnoughPeople(
            rule="enough_people",
            field="administrators",
            other="author",
            people=3,
            message="Only two people look after it",
            weight="warning",
        ),
        Within(rule="within", field="closes", other="live", months=24, message="It runs for long.", weight="override"),
    ),
)

ELMBROOK: Final = PACK.model_copy(
    update={
        "forms": (*PACK.forms, CLUB),
        "processes": (
            *PACK.processes,
            PROCESS.model_copy(
                update={
                    "key": "club",
                    "title": "A site for a club",
                    "form": "club",
                    "changes": Changes(back_to="line_manager", ahead="live", clause="c16-2"),
                }
            ),
        ),
        "organisation": PACK.organisation.model_copy(
            update={"schools": (*PACK.organisation.schools, School(key="elmbrook-high", name="Elmbrook High School"))}
        ),
    }
)
REDWOOD: Final = Pack(
    key="redwood",
    organisation=Organisation(
        key="redwood", name="Redwood School", schools=(School(key="redwood", name="Redwood School"),)
    ),
    document=DocumentControl(title="Redwood Online Policy"),
    seats=(),
    calendar=PACK.calendar,
    contacts=PACK.contacts,
    clauses=(Clause(id="intro", where="Introduction", quoted="social networking is strictly personal"),),
    not_offered=(
        NotOffered(
            key="club",
            title="A site for a club",
            reason="The policy allows no site of the school.",
            instead="Ask the school office to put your news on the school's web pages.",
            clause="intro",
        ),
    ),
)
PACKS: Final = {ORGANISATION: ELMBROOK, "redwood": REDWOOD}

TEMP: Final = a_person("temp", "Tess Temp", kind=PersonKind.AGENCY)
BOTH: Final = a_person("both", "Bo Both", schools=(SCHOOL, "elmbrook-high"), line_manager="ben")
RUTH: Final[Person] = a_person(
    "ruth", "Ruth Red", organisation="redwood", email="ruth@redwood.example", schools=("redwood",), administrator=True
)
EVERYBODY: Final = (*PEOPLE, TEMP, BOTH, RUTH)

TEAM: Final = {"name": "Chess Club", "author": "Amina Okafor", "line_manager": "Ben Carter", "why_other": ""}
PURPOSE: Final = [
    ("aims", "Play chess."),
    ("audience", "pupils"),
    ("youngest", "7"),
    ("host", "school"),
    ("host_name", ""),
]
RUNNING: Final = {
    "administrators-1": "amina@elmbrook.example",
    "administrators-2": "Ben Carter",
    "vetter": "",
    "live-day": "1",
    "live-month": "3",
    "live-year": "2027",
    "closes-day": "1",
    "closes-month": "3",
    "closes-year": "2028",
}

SAMPLE: Final = """
name = "Invented Club"
author = "amina@elmbrook.example"
line_manager = "Ben Carter"
aims = "Invented."
audience = ["staff"]
host = "school"
administrators = ["Amina Okafor", "Ben Carter"]
live = "+30"
closes = "+200"
"""
