"""A report, the allegation and the disciplinary case that come of it, through the pages, a marker in every field."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

from bs4 import BeautifulSoup, Tag
from httpx2 import Response

from domain.calendar import local_day
from domain.entry_texts import FORMS
from domain.report_questions import option_of
from store.confidential import Confidential
from tests.leaks import school
from tests.leaks.looking import until
from tests.starter.web.conftest import Browser, page_of
from tests.starter.web.reporting.roads import Road

STEM: Final = "Zqvexlum"
"""With this begins every marker, and no other word."""

BORN_ON: Final = date(1971, 3, 7)
HAPPENED_ON: Final = date(2026, 3, 11)
DAYS: Final = (BORN_ON, HAPPENED_ON)
"""Days that only the cases know of."""

ASIDE: Final = "They are my cousin."
"""Why somebody steps aside, in words that somebody else could guess."""

ALL: Final = ("investigate", "tell_subject", "open_disciplinary")
_BLANK: Final = re.compile(r"\[[^\]\n]+\]")
_TRIES: Final = 3
_LATER: Final = 503
_NOT_FOUND: Final = 404
_FRIDAY: Final = 4
_NOBODY: Final = {"person": "", "recused-1": "", "recused-2": ""}
_NO_DATE: Final = dict.fromkeys(("day", "month", "year"), "")


class Stage(Protocol):
    """Where it is played."""

    @property
    def now(self) -> datetime:
        """Return the time."""
        ...

    async def browser(self, email: str = "", *, strong: bool = False) -> Browser:
        """Return a browser in which somebody is signed in, or nobody."""
        ...

    async def cases(self) -> list[Confidential]:
        """Return every confidential case, the first first."""
        ...

    async def wait(self, case: str, span: timedelta) -> None:
        """Let `span` pass for a case."""
        ...


def marker(*words: str) -> str:
    """Return the marker of some field."""
    return STEM + "".join(part.title() for word in words for part in word.replace("-", "_").split("_"))


@dataclass
class Desk:
    """Somebody who sees to a case, at a browser."""

    stage: Stage
    email: str
    browser: Browser

    @classmethod
    async def of(cls, stage: Stage, email: str) -> "Desk":
        """Return somebody at a browser, who has confirmed that it is them."""
        return cls(stage, email, await stage.browser(email, strong=True))

    async def waits(self, case: str, span: timedelta) -> None:
        """Let time pass for a case, and sign in anew."""
        await self.stage.wait(case, span)
        self.browser = await self.stage.browser(self.email, strong=True)

    async def records(self, reference: str, kind: str, **typed: Any) -> None:
        """Put an entry on record, with markers where nothing else is `typed`."""
        answer = await self.sends(reference, kind, **typed)
        # Whoever has nothing more to do in the case, or comes too early, is told that it is done and led nowhere.
        done = answer.status_code == 303 or (answer.status_code == 200 and faults(answer)[0].startswith("It is done"))
        assert done, (kind, answer.status_code, faults(answer))

    async def is_refused(self, reference: str, kind: str, **typed: Any) -> None:
        """Try to put on record what a rule forbids."""
        answer = await self.sends(reference, kind, **typed)
        assert answer.status_code == 409, (kind, answer.status_code, faults(answer))

    async def sends(self, reference: str, kind: str, **typed: Any) -> Response:
        """Fill in the form of an entry and send it, again while Duly says to."""
        address = f"/c/{reference}/record/{kind}"
        form = await self._form(address)
        pairs = [pair for pair in filled(form, kind, typed) if pair[0] != "stage"]
        for _ in range(_TRIES):
            answer = await self.browser.post(address, [*pairs, ("stage", "confirm")])
            if answer.status_code != _LATER:
                return answer
        msg = f"{kind} is not taken"
        raise TimeoutError(msg)

    async def _form(self, address: str) -> Tag:
        """Return the form of an entry, once the record has caught up with what comes before it."""
        page = await self.browser.get(address)

        async def there() -> bool:
            nonlocal page
            page = await self.browser.get(address)
            return f'action="{address}"' in page.text

        if f'action="{address}"' not in page.text:
            await until(there)
        return form_to(page, address)

    async def reads(self, reference: str) -> None:
        """Open the page of a case."""
        answer = await self.browser.get(f"/c/{reference}")
        assert answer.status_code == 200, answer.status_code


async def a_new_case(stage: Stage, known: Sequence[Confidential]) -> Confidential:
    """Return the one case that is not known yet, once it is on record."""
    ids = {one.row.id for one in known}
    found: list[Confidential] = []

    async def there() -> bool:
        found[:] = [one for one in await stage.cases() if one.row.id not in ids]
        return bool(found)

    await until(there)
    (new,) = found
    return new


def faults(answer: Response) -> list[str]:
    """Return what a page says is wrong."""
    page = page_of(answer)
    return [" ".join(one.get_text().split()) for one in page.select(".govuk-error-summary__list a, h1")]


def form_to(answer: Response, address: str) -> Tag:
    """Return the form on a page that leads to `address`."""
    before, found, after = answer.text.partition(f'action="{address}"')
    assert found, (address, answer.status_code, faults(answer))
    itself = before[before.rindex("<form") :] + found + after[: after.index("</form>")]
    form = BeautifulSoup(itself, "html.parser").form
    assert form is not None
    return form


def filled(form: Tag, kind: str, typed: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a form sends with what is `typed`, with the first choice and with markers everywhere else."""
    values = _spread(typed)
    sent: dict[str, Sequence[str]] = {}
    for one in form.select("input, textarea"):
        name, old = str(one["name"]), str(one.get("value", "")) if one.name == "input" else one.get_text().strip()
        match one.get("type", one.name):
            case "hidden":
                sent[name] = [old]
            case "radio":
                sent.setdefault(name, [str(values.get(name, old))])
            case "checkbox":
                sent[name] = values[name] if name in values else [*sent.get(name, ()), old]
            case _ if name in values:
                sent[name] = [str(values[name])]
            case "textarea":
                draft = _BLANK.sub("ten", old)
                sent[name] = [f"{draft}\n\n{marker(kind, name)} is what it says.".strip()]
            case _:
                sent[name] = [old or _usual(kind, name)]
    return [(name, text) for name, texts in sent.items() for text in texts]


def _spread(typed: dict[str, Any]) -> dict[str, Any]:
    days = {name: day for name, day in typed.items() if isinstance(day, date)}
    parts = {f"{name}-{part}": getattr(day, part) for name, day in days.items() for part in _NO_DATE}
    return {name: value for name, value in typed.items() if name not in days} | parts


def _usual(kind: str, name: str) -> str:
    nobody = {"person", "recused", "people"}
    return "" if name.partition("-")[0] in nobody or name.partition("-")[2] in _NO_DATE else marker(kind, name)


# The report.


async def report(stage: Stage, at_risk: str = "yes") -> str:
    """Report something of two people, in confidence; return the code of the reporter."""
    road = await Road(await stage.browser()).begin()
    await road.to(
        "people",
        start={"danger": "unsure"},
        involved={"involved": "none_of_them"},
        at_risk={"at_risk": at_risk},
    )
    first = {"name_1": school.SUBJECT, "category_1": "employee", "capacity_1": marker("capacity", "first")}
    second: dict[str, Any] = {"name_2": f"{marker('subject')} {marker('surname')}", "category_2": "employee"}
    await road.go("add", **first)
    await road.go(**first, **second, capacity_2=marker("capacity", "second"))
    happened: dict[str, Any] = {
        "about_1": ("person_1",),
        "topic_1": option_of("contact_with_a_pupil"),
        "what_1": marker("what", "first"),
    }
    also: dict[str, Any] = {
        "about_2": ("person_2",),
        "topic_2": option_of("other"),
        "what_2": f"{marker('what', 'second')} at night.",
    }
    await road.go("add", **happened)
    await road.go(**happened, **also)
    await road.go(
        **{f"happened_on-{part}": str(getattr(HAPPENED_ON, part)) for part in _NO_DATE},
        **{f"noticed_on-{part}": "" for part in _NO_DATE},
        where=marker("where"),
    )
    await road.go(
        mode="confidential",
        name="",
        contact="",
        confidential_name=f"{marker('reporter')} {marker('reporters', 'surname')}",
        confidential_contact=f"{marker('contact')}@home.example",
    )
    assert road.page == "check", (road.title, road.faults)
    await road.go("send")
    code = road.code
    answer = await road.browser.post("/report/calls", {**road.carried("/report/calls"), "reached": "not_tried"})
    assert answer.status_code == 200
    return code


async def write(stage: Stage, code: str) -> None:
    """Write to whoever sees to the case, as the reporter."""
    browser = await stage.browser()
    page = await browser.post("/report/receipt", {"code": code})
    sent = dict(filled(form_to(page, "/report/receipt"), "receipt", {"text": f"{marker('message')} to you."}))
    answer = await browser.post("/report/receipt", sent)
    assert answer.status_code == 200, faults(answer)


# The allegation.


async def until_referred(head: Desk, case: Confidential) -> None:
    """Have everything recorded that waits for nobody, and something refused; and let the referral be late."""
    theirs = case.row.reference
    await head.reads(theirs)
    await head.is_refused(theirs, "investigation_started", allegations=("n1",))
    one = {"allegations": ("n1",)}
    for kind in (
        *("police_contacted", "social_care_contacted", "body_contacted", "advice_taken", "interim_safeguard_taken"),
        *("police_advised", "breach_reported", "custody_recorded", "evidence_recorded", "proceedings_recorded"),
        *("case_reviewed", "message_written"),
    ):
        await head.records(theirs, kind, **one)
    await head.records(theirs, "support_offered", to="reporter", **one)
    await head.records(theirs, "people_recused", **{"people-1": "Chloe Barnes"})
    await head.records(theirs, "subject_corrected", subject="n2", category="employee", **_NOBODY)
    await head.records(theirs, "allegation_added", subject="n1", topic="n1")
    await head.waits(case.row.id, timedelta(days=6))


async def until_advised(head: Desk, case: Confidential) -> None:
    """Have it referred, and advice taken that permits nothing, then everything; and let the police hold it."""
    theirs, every = case.row.reference, {"allegations": ("n1", "n2", "n3")}
    await head.records(theirs, "lado_referral_made", **every)
    await head.records(theirs, "lado_advice_recorded", advice="police", permits=("nothing",), **every)
    await head.is_refused(theirs, "interview_held", allegations=("n1",))
    await head.records(theirs, "lado_advice_recorded", advice="employer_investigation", permits=ALL, **every)
    await head.records(theirs, "police_hold_placed", **every)
    await head.is_refused(theirs, "subject_told", subject="n1", allegations=("n1",))
    await head.records(theirs, "police_hold_released", **every)


async def until_disciplined(head: Desk, case: Confidential) -> Confidential:
    """Have all done that the advice permits; return the disciplinary case."""
    theirs, first = case.row.reference, {"allegations": ("n1", "n3")}
    await head.records(theirs, "investigation_started", **first)
    await head.records(theirs, "interview_held", **first)
    await head.records(theirs, "subject_told", subject="n1", **first)
    await head.records(theirs, "support_offered", to="subject", **first)
    await head.records(theirs, "suspension_decided", subject="n1", suspended="yes", **first)
    await head.records(theirs, "disciplinary_opened", subject="n1", **first)
    await head.records(theirs, "subject_resigned", subject="n1")
    return await a_new_case(head.stage, [case])


async def until_ended(head: Desk, case: Confidential) -> None:
    """Have each allegation end, and the case with them."""
    theirs = case.row.reference
    await head.records(theirs, "outcome_recorded", outcome="substantiated", born_on=BORN_ON, allegations=("n1", "n3"))
    await head.records(theirs, "outcome_recorded", outcome="malicious")
    await head.records(theirs, "dbs_considered", referred="yes", allegations=("n1",))
    await head.reads(theirs)
    await head.records(theirs, "tra_considered", referred="no", allegations=("n1",))


# The disciplinary case.


async def investigated(head: Desk, investigator: Desk, case: Confidential) -> None:
    """Have the disciplinary case begin, and somebody investigate."""
    theirs, one = case.row.reference, {"allegations": ("n1",)}
    await head.records(theirs, "procedure_chosen", severity="serious", **one)
    await head.records(theirs, "investigator_appointed", person="Hannah Jones")
    await head.records(theirs, "notice_given", **one)
    await head.records(theirs, "investigation_started", **one)
    await head.records(theirs, "suspension_decided", suspended="no", **one)
    await head.records(theirs, "subject_told", **one)
    await investigator.reads(theirs)
    await investigator.records(theirs, "interview_held", **one)
    await investigator.records(theirs, "investigation_reported", **one)


async def held_up(head: Desk, case: Confidential) -> Confidential:
    """Have new facts hold the disciplinary case until the advice about them lets it go on; return the case of them."""
    theirs = case.row.reference
    before = await head.stage.cases()
    await head.records(theirs, "safeguarding_concern_raised", topic="n1")
    await head.is_refused(theirs, "case_to_answer_decided", answer="yes", allegations=("n1",))
    new = await a_new_case(head.stage, before)
    await head.records(new.row.reference, "lado_referral_made")
    await head.records(new.row.reference, "lado_advice_recorded", advice="employer_investigation", permits=ALL)
    await head.records(theirs, "clearance_claimed", case=new.row.reference)
    return new


async def decided(head: Desk, chair: Desk, case: Confidential) -> None:
    """Have the case heard, decided and appealed, and the warning expire."""
    today = local_day(head.stage.now)
    theirs, one = case.row.reference, {"allegations": ("n1",)}
    await head.records(theirs, "case_to_answer_decided", answer="yes", **one)
    called = _working_day(today + timedelta(days=14))
    await head.records(theirs, "hearing_called", on=called, **one)
    await head.records(theirs, "hearing_postponed", on=called + timedelta(days=7))
    await head.records(theirs, "hearing_held", **one)
    await head.records(theirs, "decision_made", sanction="final_warning", expires_on=today + timedelta(days=90), **one)
    await head.records(theirs, "letter_sent", **one)
    await head.records(theirs, "appeal_made", **one)
    await chair.reads(theirs)
    await chair.records(theirs, "appeal_decided", upheld="yes", **one)
    await head.waits(case.row.id, timedelta(days=120))


async def steps_aside(desk: Desk, case: Confidential) -> None:
    """Have somebody step aside from a case because of a conflict of interest."""
    address = f"/c/{case.row.reference}/step-aside"
    sent = dict(filled(form_to(await desk.browser.get(address), address), "step_aside", {"comment": ASIDE}))
    answer = await desk.browser.post(address, sent | {"stage": "confirm"})
    assert answer.status_code == 200, faults(answer)
    await until(lambda: is_gone(desk, case))


async def is_gone(desk: Desk, case: Confidential) -> bool:
    """Return whether somebody finds a case no more."""
    return (await desk.browser.get(f"/c/{case.row.reference}")).status_code == _NOT_FOUND


async def in_an_emergency(first: Browser, second: Browser, case: Confidential) -> None:
    """Have two custodians open a case for an hour."""
    wanted = {"stage": "propose", "reference": case.row.reference, "reason": f"{marker('emergency')} cannot wait."}
    assert (await first.post("/c/open", wanted)).status_code == 200
    page = await second.post("/c/open", wanted)
    answer = await second.post("/c/open", dict(filled(form_to(page, "/c/open"), "open", {})))
    assert answer.status_code == 303, faults(answer)
    assert (await second.get(f"/c/{case.row.reference}")).status_code == 200


async def on_hold(browser: Browser, case: Confidential) -> None:
    """Have a case kept for a court."""
    sent = {"reference": case.row.reference, "reason": f"{marker('hold')} is for the court."}
    answer = await browser.post("/kept/hold", sent)
    assert answer.status_code == 303, faults(answer)


# What it leaves behind.


def markers_in(cases: Sequence[Confidential]) -> set[str]:
    """Return every marker that is on record, where it is to be."""
    whole = "".join(case.opening.model_dump_json() + "".join(map(repr, case.history)) for case in cases)
    return set(re.findall(rf"{STEM}\w+", whole + "".join(repr(case.kept) + repr(case.emergencies) for case in cases)))


def kinds_in(cases: Sequence[Confidential]) -> set[str]:
    """Return the kinds of all that happened in some cases."""
    return {said.event.kind for case in cases for said in case.history}


PLAYED: Final = {*FORMS, "step_refused", "reminded", "escalated", "case_opened", "case_cleared", "warning_expired"} - {
    "basic_enquiry_made",
    "response_given",
    "triage_recorded",
    "appeal_waived",
}
"""What happens in the story: all that people record, but what this school does not allow and what comes instead of
something else; and what happens by itself."""


def _working_day(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > _FRIDAY else day
