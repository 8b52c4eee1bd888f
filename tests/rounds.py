"""What tests of what comes round begin with: processes, a pack that has them, and openings."""

from datetime import datetime
from typing import Any, Final

from domain.cases import Act, Opening, Recordable, Request
from domain.documents import Document, DocumentControl
from domain.pack import Pack, Process
from domain.people import Directory
from tests.stories import a_directory, a_pack, a_person, an_opening

CODE = Document(key="code", title="Code of conduct", version="1", text="Be kind.")


def a_round(story: str, **more: Any) -> Process:
    """Return a process that comes round."""
    of = {"key": story, "story": story, "title": story, "summary": "", "clause": "14.6"}
    return Process.model_validate({**of, **more})


def a_task(key: str, done_by: str, seat: str = "site_owner", **more: Any) -> dict[str, Any]:
    """Return a task as a pack has it."""
    return {"key": key, "title": key, "seat": seat, "done_by": {"event": done_by}, "clause": "14.6", **more}


def a_step(key: str, seat: str, **more: Any) -> dict[str, Any]:
    """Return a step as a pack has it."""
    words = {"approves": "the change", "attestation": "I approve it."}
    return {"key": key, "title": key, "seats": [seat], "clause": "16.2", "answer_within": 5, **words, **more}


SITE_LIFE = a_round(
    "site_life",
    tasks=[
        a_task("go_live", "site_went_live", answer_within=10, escalate_on=15),
        a_task("close", "site_closed", answer_within=20),
        a_task("suspend", "posting_suspended", answer_within=1),
    ],
    rounds=[
        {**a_task("look", "site_reviewed", answer_within=10, escalate_on=12), "every": "half_year"},
        {**a_task("evaluate", "site_evaluated", answer_within=10), "every": "year"},
    ],
    cover={"at_least": 2, "grace": 5, "clause": "18.4"},
    steps=[a_step("headteacher", "headteacher", lapse_on=10)],
    changes={"back_to": "headteacher", "clause": "18.4"},
)

REVIEW = a_round(
    "review",
    cycle={"owner": "policy_owner", "months": 12, "signed": True, "told": ["headteacher"], "clause": "REV"},
    tasks=[
        a_task("draft", "draft_ready", "policy_owner", answer_within=20),
        a_task("consult", "consultation_held", "policy_owner", answer_within=20),
    ],
    steps=[a_step("headteacher", "headteacher")],
)

ACKNOWLEDGEMENT = a_round(
    "acknowledgement",
    campaign={
        "owner": "policy_owner",
        "documents": ["code"],
        "audience": ["employee", "governor"],
        "chase_on": 6,
        "chase": ["line_manager"],
        "visitors": True,
        "clause": "5",
    },
    steps=[a_step("sign", "signer", attestation="I have read it and will keep to it.", remind_on=(3,))],
)

READING: Final = {"key": "note", "title": "Briefing note", "edition": "2015", "text": "Read me.", "clause": "5"}


def with_more(**campaign: Any) -> Process:
    """Return the acknowledgement in which the headteacher signs besides, with more in its campaign."""
    whole = ACKNOWLEDGEMENT.model_dump()
    steps = (*whole["steps"], a_step("countersignature", "headteacher", attestation="I sign it.", remind_on=(3,)))
    return Process.model_validate({**whole, "steps": steps, "campaign": {**whole["campaign"], **campaign}})


def people_of_rounds() -> Directory:
    """Return the small school, with somebody who owns its documents, and moderators."""
    more = (
        a_person("owner", "policy_owner"),
        a_person("mod_a"),
        a_person("mod_b"),
        a_person("governor", kind="governor"),
        a_person("visitor", kind="external"),
    )
    return a_directory(*more)


def a_pack_of_rounds(**document: Any) -> Pack:
    """Return the pack of the school, with what comes round."""
    return a_pack().model_copy(
        update={
            "processes": (SITE_LIFE, REVIEW, ACKNOWLEDGEMENT),
            "documents": (CODE,),
            "document": DocumentControl(title="Social media", version="1", text="Policy.", **document),
        }
    )


def an_opening_of(process: Process, key: str, title: str = "Year 9 Science Club", **answers: Any) -> Opening:
    """Return the opening of a case of `process`, with `answers` for its request."""
    opening = an_opening(process, key=key)
    seats = (
        *opening.seats,
        opening.seats[0].model_copy(
            update={"key": "site_owner", "from_field": "author", "stands_in": ("headteacher",), "title": "Site owner"}
        ),
        opening.seats[3].model_copy(update={"key": "policy_owner", "title": "Owner of the policy"}),
    )
    request = Request(title=title, starter="", author="", answers=answers)
    return opening.model_copy(update={"request": request, "seats": seats})


def a_site(key: str = "life-1", **answers: Any) -> Opening:
    """Return the opening of the life of a site."""
    site = {
        "site": f"c-{key}",
        "author": "author",
        "administrators": ("author", "manager"),
        "moderators": ("mod_a", "mod_b"),
        **answers,
    }
    return an_opening_of(SITE_LIFE, key, **site)


def put_on_record(entry: Recordable, person: str, occasion: str = "1", **more: Any) -> Act:
    """Return that `person`, signed in, puts `entry` on record."""
    return Act(kind="record", person=person, how="session", entry=entry, occasion=occasion, **more)


def day(at: datetime, days: int) -> str:
    """Return the day that comes `days` days after `at`, as a form says it."""
    from datetime import timedelta

    return (at + timedelta(days=days)).date().isoformat()
