"""Record histories of this version's cases, unsealed, to be replayed by every later version.

Run by hand once for a release: `python -m tests.record_histories`. What a released version recorded is never changed.
"""

import asyncio
import json
import tempfile
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from temporalio.client import WorkflowContinuedAsNewError, WorkflowExecutionStatus, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.calendar import local_day
from domain.cases import Act, FromPack, Opening, Present
from domain.documents import DocumentControl
from domain.events import Verdict
from domain.forms import Fault
from domain.pack import Pack, digest
from domain.people import Directory
from domain.round_entries import (
    CampaignClosed,
    ConsultationHeld,
    DraftReady,
    PostingSuspended,
    QuestionAnswered,
    SiteClosed,
    SiteReviewed,
    SiteWentLive,
)
from store import packs
from tests.confidence import a_confidential_opening, a_disciplinary_process, a_school, advice, an_act, an_entry
from tests.house import House, house, temporal
from tests.rounds import (
    ACKNOWLEDGEMENT,
    READING,
    REVIEW,
    a_pack_of_rounds,
    a_round,
    a_site,
    a_task,
    an_opening_of,
    people_of_rounds,
    put_on_record,
    with_more,
)
from tests.stories import (
    a_changes,
    a_directory,
    a_lever,
    a_pack,
    a_person,
    a_process,
    a_step,
    an_answer,
    an_edit,
    an_opening,
)
from worker import SANDBOX, now
from workflows.acknowledgement import signing

HISTORIES: Final = Path(__file__).parent / "histories"

STRAIGHT: Final = (an_answer("a1", "manager"), an_answer("a2", "comms"), an_answer("a3", "head"))
WITHDRAWAL: Final = Act(kind="withdraw", person="author", how="session")
BOTH: Final = a_process(a_step("both", "headteacher", "communications_manager", lapse_on=9))
EITHER: Final = a_process(a_step("either", "headteacher", "communications_manager", needs="any"))
CHANGING: Final = a_process(changes=a_changes(ahead=None))
SETTLING: Final = a_process(a_step("headteacher"), changes=a_changes(back_to="headteacher"), settles_within=30)
PEOPLE: Final = a_directory(a_person("other"), a_person("admin", administrator=True))
RETURN: Final = an_answer("a2", "comms", Verdict.RETURN)
DISPUTE: Final = Act(kind="dispute", person="manager", how="link", ask="a1")
ASIDE: Final = Act(kind="step_aside", person="comms", how="link", ask="a2", comment="A friend of mine.")
LOOK_UP: Final = Act(kind="look_up", person="duly", how="duly", ask="a2")
AGAIN: Final = tuple(
    an_answer(ask, person, version=2) for ask, person in (("a4", "manager"), ("a5", "comms"), ("a6", "head"))
)
"""The three answers after a request was returned and changed."""
NUDGE: Final = Act(kind="nudge", person="author", how="session")


ANOTHER_PACK: Final = a_pack().model_copy(update={"document": DocumentControl(title="Social media, again")})
NEW: Final = an_opening().model_copy(update={"pack_digest": digest(ANOTHER_PACK)})
MOVE_ON: Final = Act(
    kind="move_on",
    person="admin",
    how="duly",
    comment="A new policy.",
    pack=FromPack.model_validate({name: getattr(NEW, name) for name in FromPack.model_fields}),
)
TOLD_LATE: Final = a_process(a_step("headteacher", runs_from_told=True, remind_on=(), escalate_on=9))
TOLD: Final = Act(kind="told", person="duly", how="duly", ask="a1", at=now() + timedelta(days=6))
OTHER_DAYS: Final = Act(
    kind="recalendar",
    person="duly",
    how="duly",
    calendar=NEW.calendar.model_copy(
        update={"bank_holidays": frozenset(now().date() + timedelta(days=day) for day in range(1, 8))}
    ),
    occasion="1",
)


def a_changing_opening(key: str) -> Opening:
    """Return the opening of a case that its author can change, one answer immaterially."""
    return an_opening(CHANGING, key).model_copy(update={"immaterial": ("note",)})


def an_opening_for(day: str, key: str) -> Opening:
    """Return the opening of a case whose site is to go live on `day`."""
    opening = an_opening(a_process(changes=a_changes()), key)
    answers = opening.request.answers | {"go_live_date": day}
    return opening.model_copy(update={"request": opening.request.model_copy(update={"answers": answers})})


def an_edit_of(key: str, **answers: Any) -> Act:
    """Return that the author changes the `answers` of the case `key`."""
    return an_edit(a_changing_opening(key).request, **answers)


STORIES: Final[dict[str, tuple[Opening, tuple[Act | timedelta, ...]]]] = {
    "approved": (an_opening(key="approved"), STRAIGHT),
    "rejected": (an_opening(key="rejected"), (STRAIGHT[0], an_answer("a2", "comms", Verdict.REJECT))),
    "withdrawn": (an_opening(key="withdrawn"), (STRAIGHT[0], WITHDRAWAL)),
    "reminded-and-escalated": (
        an_opening(key="reminded"),
        (timedelta(days=12), an_answer("a1", "manager"), timedelta(days=12), an_answer("a2", "deputy"), STRAIGHT[2]),
    ),
    "lapsed": (an_opening(BOTH, key="lapsed"), (an_answer("a1", "head"), timedelta(days=20))),
    "all-of": (an_opening(BOTH, key="all-of"), (an_answer("a2", "comms"), an_answer("a1", "head"))),
    "any-of": (an_opening(EITHER, key="any-of"), (an_answer("a2", "comms"),)),
    "mistaken-answers": (
        an_opening(key="mistaken"),
        (an_answer("a1", "author"), STRAIGHT[0], STRAIGHT[0], *STRAIGHT[1:]),
    ),
    "returned-and-changed": (
        a_changing_opening("returned"),
        (STRAIGHT[0], RETURN, timedelta(days=4), an_edit_of("returned", title="Science"), *AGAIN),
    ),
    "changed-immaterially": (
        a_changing_opening("immaterial"),
        (STRAIGHT[0], an_edit_of("immaterial", note="Every week."), *STRAIGHT[1:]),
    ),
    "unfit": (
        a_changing_opening("unfit"),
        (
            STRAIGHT[0],
            STRAIGHT[1].model_copy(update={"unfit": (Fault(field="title", message="Too long"),)}),
            an_edit_of("unfit", title="Science"),
            *AGAIN,
        ),
    ),
    "date-passed": (
        an_opening_for("2020-01-06", "date-passed"),
        (
            timedelta(days=1),
            an_edit(an_opening_for("2020-01-06", "date-passed").request, go_live_date="2040-01-04"),
            an_answer("a3", "manager", version=2),
            an_answer("a4", "comms", version=2),
            an_answer("a5", "head", version=2),
        ),
    ),
    "moved-people": (
        a_changing_opening("moved"),
        (
            STRAIGHT[0],
            LOOK_UP,
            a_lever("reassign", ask="a2", to="other"),
            a_lever("remind", ask="a2"),
            NUDGE,
            an_answer("a2", "other"),
            STRAIGHT[2],
        ),
    ),
    "stepped-aside": (
        a_changing_opening("aside"),
        (STRAIGHT[0], ASIDE, an_answer("a2", "deputy"), STRAIGHT[2]),
    ),
    "held-and-stands": (
        a_changing_opening("stands"),
        (
            STRAIGHT[0],
            DISPUTE,
            timedelta(days=5),
            a_lever("release", ask="a1", stands=True),
            timedelta(days=7),
            *STRAIGHT[1:],
        ),
    ),
    "held-and-void": (
        a_changing_opening("void"),
        (
            STRAIGHT[0],
            DISPUTE,
            a_lever("release", ask="a1", stands=False),
            an_answer("a3", "manager"),
            an_answer("a4", "comms"),
            an_answer("a5", "head"),
        ),
    ),
    "cancelled": (a_changing_opening("cancelled"), (STRAIGHT[0], a_lever("cancel"))),
    "extended": (
        a_changing_opening("extended"),
        (a_lever("extend", ask="a1", days=4), timedelta(days=12), *STRAIGHT),
    ),
    "moved-on": (
        an_opening(key="moved-on"),
        (STRAIGHT[0], MOVE_ON, an_answer("a3", "comms"), an_answer("a4", "head")),
    ),
    "told-late": (an_opening(TOLD_LATE, "told-late"), (TOLD, timedelta(days=1), an_answer("a1", "head"))),
    "other-calendar": (an_opening(key="other-calendar"), (OTHER_DAYS, *STRAIGHT)),
    "settled": (an_opening(SETTLING, "settled"), (an_answer("a1", "head"), timedelta(hours=1))),
}
"""What happens in each: what people do, and how much time passes between."""


FROM_THE_REPORTER: Final = Act(
    kind="record", person="reporter", how="receipt", entry=an_entry("message_written"), occasion="reporter"
)
EVERYTHING: Final = advice("head", "investigate", "tell_subject", "open_disciplinary")
TRIAGED: Final = an_act("head", "triage_recorded", at_risk="no", reason="Only adults.", name="Hal Head")
CHOSEN: Final = an_act("head", "procedure_chosen")
DECIDED: Final = an_act("chair", "decision_made", sanction="no_action", reasons="It was nothing.")
CONFIDENTIAL: Final[dict[str, tuple[Opening, tuple[Act | timedelta, ...]]]] = {
    "allegation": (
        a_confidential_opening(key="allegation"),
        (
            an_act("head", "investigation_started", investigator="Ivy", occasion="too early"),
            FROM_THE_REPORTER,
            timedelta(days=4),
            an_act("deputy", "lado_referral_made"),
            an_act("head", "lado_advice_recorded", permits=()),
            an_act("head", "disciplinary_opened", occasion="not permitted"),
            an_act("head", "police_hold_placed", who="Sergeant Poe"),
            an_act("head", "police_hold_released", who="Sergeant Poe"),
            EVERYTHING,
            an_act("head", "investigation_started", investigator="Ivy"),
            an_act("head", "disciplinary_opened"),
            timedelta(days=40),
            an_act("head", "case_reviewed", next_step="Wait for the report."),
            an_act("head", "people_recused", people=("lead",)),
            an_act("head", "outcome_recorded"),
        ),
    ),
    "allegation-corrected": (
        a_confidential_opening(key="corrected"),
        (
            an_act("head", "lado_referral_made"),
            EVERYTHING,
            an_act(
                "head",
                "subject_corrected",
                subject={"key": "s1", "name": "Hal", "category": "headteacher", "person": "head"},
            ),
            an_act("chair", "lado_referral_made"),
            advice("chair"),
            an_act("chair", "outcome_recorded"),
        ),
    ),
    "disciplinary": (
        a_confidential_opening(a_disciplinary_process(), "disciplinary"),
        (CHOSEN, TRIAGED, CHOSEN.model_copy(update={"occasion": "again"}), timedelta(days=2), DECIDED),
    ),
    "disciplinary-referred": (
        a_confidential_opening(a_disciplinary_process(), "referred"),
        (an_act("head", "triage_recorded", at_risk="unsure", reason="Nobody knows.", name="Hal Head"),),
    ),
}
"""The same of confidential cases."""


TODAY: Final = date(2020, 1, 6)
"""A day that is past whenever histories are recorded; in a review, the day on which it is recorded stands for it."""
LIVE: Final = SiteWentLive(
    address="https://example.org/club",
    on=TODAY,
    terms_published="yes",
    privacy="Closed group.",
    trained=("author", "manager", "mod_a", "mod_b"),
)
LOOKED: Final = SiteReviewed(maintained="yes", as_agreed="yes", privacy="As before.")
NEGLECTED: Final = SiteReviewed(maintained="no", as_agreed="yes", privacy="As before.", note="It stands still.")
CLOSED: Final = SiteClosed(
    on=date(2020, 2, 1), contents="Deleted.", contacts_removed="yes", achieved="yes", aims="All."
)
ONE_IS_THERE: Final = Present(administrators=("author",), moderators=("mod_a", "mod_b"))
COVER: Final = Act(kind="cover", person="duly", how="duly", present=ONE_IS_THERE)
SUSPENDED: Final = PostingSuspended(reason="Only one administrator.")
DRAFT: Final = DraftReady(version="2", supersedes="1", what_changed="Clearer.", effective_from=TODAY, text="Be kind.")
ASKED_STAFF: Final = ConsultationHeld(with_whom="Staff", first=TODAY, last=TODAY, responses="None.")
LIFE: Final = a_site("site-life", closure_date="2045-01-06")
LATER: Final = LIFE.request.model_copy(update={"answers": LIFE.request.answers | {"closure_date": "2045-06-06"}})
GOES_ON: Final = a_site("site-life-goes-on", closure_date="2045-01-06")
MOST: Final = 50
"""So many changes are proposed, one instead of the other, that the life of a site begins again once one is decided."""


def a_change(edition: int) -> Act:
    """Return that the author proposes another day on which the site is closed; `edition` is that which they read."""
    closes = date(2045, 1, 6) + timedelta(weeks=edition)
    request = GOES_ON.request.model_copy(
        update={"answers": GOES_ON.request.answers | {"closure_date": closes.isoformat()}}
    )
    return Act(kind="edit", person="author", how="session", version=edition, request=request)


QUESTION: Final = a_round("question", tasks=[a_task("answer", "question_answered", "policy_owner", answer_within=5)])
ANSWERED: Final = QuestionAnswered(answer="In the office.")


def a_question(key: str) -> Opening:
    """Return the opening of a question that the author asks the school."""
    opening = an_opening_of(QUESTION, key, "Privacy settings", question="Where are they kept?")
    return opening.model_copy(
        update={"request": opening.request.model_copy(update={"starter": "author", "author": "author"})}
    )


ROUNDS: Final[dict[str, tuple[Opening, tuple[Act | timedelta, ...]]]] = {
    "site-life": (
        LIFE,
        (
            put_on_record(LIVE, "author"),
            COVER,
            timedelta(days=10),
            put_on_record(SUSPENDED, "author"),
            Act(kind="edit", person="author", how="session", version=1, request=LATER),
            an_answer("a3", "head", version=2),
            timedelta(days=200),
            put_on_record(LOOKED, "author"),
            put_on_record(CLOSED, "author"),
        ),
    ),
    "review": (
        an_opening_of(REVIEW, "review", "Code", document="code", version="1", review_on="2020-01-06"),
        (
            put_on_record(DRAFT, "owner"),
            put_on_record(ASKED_STAFF, "owner"),
            an_answer("a3", "head", version=2),
        ),
    ),
    "site-life-neglected": (
        a_site("site-life-neglected", closure_date="2045-01-06"),
        (
            put_on_record(LIVE, "author"),
            put_on_record(NEGLECTED, "author"),
            timedelta(days=20),
            put_on_record(LOOKED, "author"),
            timedelta(days=200),
            put_on_record(CLOSED, "author"),
        ),
    ),
    "review-overdue": (
        an_opening_of(REVIEW, "review-overdue", "Code", document="code", version="1", review_on="2020-01-06"),
        (
            timedelta(days=300),
            put_on_record(DRAFT, "owner"),
            put_on_record(ASKED_STAFF, "owner"),
            an_answer("a3", "head", version=2),
        ),
    ),
    "acknowledgement": (
        an_opening_of(ACKNOWLEDGEMENT, "acknowledgement", "Code", document="code", version="1", digest="d" * 64),
        (
            Act(kind="call_roll", person="duly", how="duly"),
            put_on_record(CampaignClosed(reason="Done."), "owner"),
        ),
    ),
    "signature": (
        an_opening_of(
            signing(ACKNOWLEDGEMENT), "signature", "Code", document="code", version="1", digest="d" * 64, signer="mod_a"
        ),
        (timedelta(days=12), an_answer("a1", "mod_a", confirmations=(), comment="")),
    ),
    "site-life-goes-on": (
        GOES_ON,
        (
            put_on_record(LIVE, "author"),
            *(a_change(edition) for edition in range(1, MOST + 1)),
            an_answer(f"a{MOST + 1}", "head", version=MOST + 1),
            a_change(MOST + 1),
            Act(kind="step_aside", person="head", how="link", ask=f"a{MOST + 2}", comment="A friend of mine."),
            an_answer(f"a{MOST + 2}", "deputy", version=MOST + 2),
            timedelta(days=200),
            put_on_record(LOOKED, "author"),
            put_on_record(CLOSED, "author"),
        ),
    ),
    "countersigned": (
        an_opening_of(with_more(), "countersigned", "Code", document="code", version="1", digest="d" * 64),
        (
            an_answer("a1", "head", confirmations=()),
            Act(kind="dispute", person="head", how="link", ask="a1"),
            a_lever("release", ask="a1", stands=False),
            Act(kind="call_roll", person="duly", how="duly"),
            an_answer("a2", "head", confirmations=()),
            put_on_record(CampaignClosed(reason="Done."), "owner"),
        ),
    ),
    "signature-read": (
        an_opening_of(
            signing(with_more(readings=[READING])),
            "signature-read",
            "Code",
            document="code",
            version="1",
            digest="d" * 64,
            signer="mod_a",
        ),
        (
            Act(kind="open", person="mod_a", how="link", ask="a1", reading="note"),
            an_answer("a1", "mod_a", confirmations=(), comment=""),
        ),
    ),
    "signature-opened-first": (
        an_opening_of(
            signing(with_more(readings=[READING], open_first=True)),
            "signature-opened-first",
            "Code",
            document="code",
            version="1",
            digest="d" * 64,
            signer="mod_a",
        ),
        (
            an_answer("a1", "mod_a", confirmations=(), comment=""),
            Act(kind="open", person="mod_a", how="link", ask="a1", reading="note"),
            an_answer("a1", "mod_a", confirmations=(), comment="", occasion="again"),
        ),
    ),
    "countersignature-refused": (
        an_opening_of(with_more(), "countersignature-refused", "Code", document="code", version="1", digest="d" * 64),
        (
            an_answer("a1", "head", Verdict.REJECT, confirmations=()),
            Act(kind="dispute", person="head", how="link", ask="a1"),
            a_lever("release", ask="a1", stands=False),
            an_answer("a2", "head", confirmations=()),
            put_on_record(CampaignClosed(reason="Done."), "owner"),
        ),
    ),
    "question": (a_question("question"), (timedelta(days=6), put_on_record(ANSWERED, "owner"))),
    "question-withdrawn": (a_question("question-withdrawn"), (WITHDRAWAL,)),
}
"""The same of what comes round, and of questions; a review is recorded up to where it begins again."""


def as_of(move: Act, day: date) -> Act:
    """Return what is put on record in a review with the days that fit where it is done on `day`."""
    match move.entry:
        case DraftReady():
            days = {"effective_from": day}
        case ConsultationHeld():
            days = {"first": day, "last": day}
        case _:
            return move
    return move.model_copy(update={"entry": move.entry.model_copy(update=days)})


async def record(
    home: House, opening: Opening, people: Directory, moves: tuple[Act | timedelta, ...], pack: Pack
) -> list[str]:
    """Return the histories of a case, of each run that came to its end; one that goes on for ever is ended."""
    async with home.db.write() as session:
        await packs.keep(session, ANOTHER_PACK)
    case = await home.begin(opening, people, pack)
    first = (await case.handle.describe()).run_id
    for move in moves:
        if isinstance(move, Act):
            await home.engine.act(opening.case, as_of(move, local_day(home.clock())))
            # What is done next meets the case at rest: it begins again where its story says, and not a moment later.
            await case.settled()
        else:
            await case.pass_time(move)
    run = home.client.get_workflow_handle(opening.case, run_id=first, result_type=str)
    again = False
    try:
        await run.result(follow_runs=False)
    except WorkflowContinuedAsNewError:
        again = True
    told = [await history_of(run)]
    if again:
        await case.settled()
        last = await case.handle.describe()
        if last.status is WorkflowExecutionStatus.RUNNING:
            await case.handle.terminate()
        else:
            told.append(await history_of(home.client.get_workflow_handle(opening.case, run_id=last.run_id)))
    return told


async def history_of(run: WorkflowHandle[Any, Any]) -> str:
    """Return the history of one run as JSON, without the names of machines."""
    history = (await run.fetch_history()).to_json_dict()
    for event in history["events"]:
        for value in event.values():
            if isinstance(value, dict) and "identity" in value:
                value["identity"] = "duly"
    return json.dumps(history, indent=1) + "\n"


async def main() -> None:
    """Record every story under the version that is installed."""
    folder = HISTORIES / version("duly")
    folder.mkdir(exist_ok=True)
    async with temporal() as environment:
        for stories, people, pack in (
            (STORIES, PEOPLE, a_pack()),
            (CONFIDENTIAL, a_school(), a_pack()),
            (ROUNDS, people_of_rounds(), a_pack_of_rounds()),
        ):
            with tempfile.TemporaryDirectory() as place:
                async with house(environment, Path(place), pydantic_data_converter, runner=SANDBOX) as home:
                    for name, (opening, moves) in stories.items():
                        for number, text in enumerate(await record(home, opening, people, moves, pack)):
                            kept = folder / (f"{name}-again.json" if number else f"{name}.json")
                            kept.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
