"""What the reporter does afterwards: say whether those to telephone were reached, and write, known by a code."""

import asyncio
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from starlette.responses import Response

from domain.cases import Act
from domain.entries import AnyEntry, CallsMade, MessageWritten
from domain.fields import FormFacts, LongText, UnfitAnswerError
from domain.pasted import NO_PICTURES, holds_a_file
from domain.people import Directory
from domain.report_so_far import case_of
from starter.engine import EngineLostError
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError
from starter.web.reporting.numbers import PATH, numbers_of
from starter.web.reporting.sending import over_limit
from store.confidential.reading import Confidential
from store.confidential.receipts import by_receipt
from store.keys import CaseKeyMissingError

REPORTER: Final = "reporter"
"""Whoever reported, in the acts and entries that they make by their code."""

_DRAW: Final = 16
_PATIENCE: Final = 1.0
_LOOKS: Final = 20
"""For how long somebody waits for the record to catch up, in seconds, and how often it is looked at meanwhile."""

_OCCASION: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_REACHED: Final = ("yes", "no", "not_tried")
_TEXT: Final = LongText(
    type="long_text", key="text", label="Your message", required=True, missing="Type your message", most=4000
)
WRONG_CODE: Final = "That code is not known here. Type it again, letter by letter"
_FACTS: Final = FormFacts(directory=Directory(people=()), today=date.min, school="")
LOST: Final = "Nothing was recorded: Duly could not reach the report. Send it again in a minute, or telephone"
CLOSED: Final = "Nothing was recorded: nothing more is taken here about this report. Telephone instead"


@dataclass(frozen=True)
class Message:
    """Something that the reporter, or whoever sees to the report, wrote to the other."""

    own: bool
    at: datetime
    text: str


async def report_calls(visit: Visit) -> Response:
    """Take whether those to telephone were reached."""
    sent = _fields(visit, "token", "occasion", "reached")
    reached, numbers = sent.get("reached", ""), numbers_of(visit.site.packs.values())
    fault = "" if reached in _REACHED else "Choose whether they were reached"
    status = 422
    if not fault:
        status, entry = 503, CallsMade.model_validate({"reached": reached})
        fault = await _record(visit, case_of(sent.get("token", "")), entry, sent.get("occasion", ""))
    if fault:
        errors = [("#reached", fault)]
        kept = {"token": "", "occasion": "", **sent, "reached": reached}
        return visit.show("report_calls.html", status, sent=kept, numbers=numbers, errors=errors)
    return visit.show("report_called.html", reached=reached, numbers=numbers)


async def report_receipt(visit: Visit) -> Response:
    """Ask for the code of a report; a POST with it shows what was written to each other, and takes a message.

    Nothing else of the case is ever shown here, and that it was looked at is written down nowhere. A code that is none
    looks the same whatever is wrong with it.
    """
    if not visit.is_post:
        return _ask_code(visit)
    sent = _fields(visit, "code", "text", "occasion")
    code = sent.get("code", "")
    found = await _case(visit, code)
    if found is None:
        seconds = over_limit(visit, visit.site.bad_receipts, visit.site.settings.bad_links_per_minute)
        answer = _ask_code(visit, 429 if seconds else 422, (("#code", WRONG_CODE),))
        if seconds:
            answer.headers["Retry-After"] = str(seconds)
        return answer
    if "text" not in sent:
        return _shown(visit, found, code)
    text, fault, status = "", NO_PICTURES if holds_a_file(sent["text"]) else "", 422
    try:
        text = str(_TEXT.read(sent["text"], _FACTS) or "")
    except UnfitAnswerError as unfit:
        fault = fault or str(unfit)
    fault = fault or ("" if text else _TEXT.ask_again)
    if not fault:
        status = 503
        fault = await _record(visit, found.row.id, MessageWritten(text=text), sent.get("occasion", ""))
    if fault:
        kept = "" if fault == NO_PICTURES else sent["text"]
        return _shown(visit, found, code, status, (("#text", fault),), kept, sent.get("occasion", ""))
    return _shown(visit, await _once_recorded(visit, code, text) or found, code, written=text)


async def _record(visit: Visit, case: str, entry: AnyEntry, occasion: str) -> str:
    """Have the case take what the reporter says; return why it did not, or nothing."""
    if _OCCASION.fullmatch(occasion) is None:
        raise _unreadable()
    act = Act(kind="record", person=REPORTER, how="receipt", entry=entry, occasion=occasion)
    try:
        reply = await visit.site.engine.act(case, act)
    except EngineLostError:
        return LOST
    return "" if reply.says == "done" else CLOSED


async def _case(visit: Visit, code: str) -> Confidential | None:
    async with visit.site.db.read() as session:
        try:
            return await by_receipt(session, visit.site.keys, code)
        except CaseKeyMissingError:
            return None


async def _once_recorded(visit: Visit, code: str, text: str) -> Confidential | None:
    """Return the case once it says what the reporter wrote, or as it is when that takes too long."""
    for _ in range(_LOOKS):
        found = await _case(visit, code)
        if found is None or any(one.own and one.text == text for one in _messages(found)):
            return found
        await asyncio.sleep(_PATIENCE / _LOOKS)
    return await _case(visit, code)


def _messages(found: Confidential) -> list[Message]:
    return [
        Message(said.event.by == REPORTER, said.at, said.event.text)
        for said in found.history
        if isinstance(said.event, MessageWritten)
    ]


def _ask_code(visit: Visit, status: int = 200, errors: Sequence[tuple[str, str]] = ()) -> Response:
    return visit.show("report_code.html", status, numbers=numbers_of(visit.site.packs.values()), errors=list(errors))


def _shown(
    visit: Visit,
    found: Confidential,
    code: str,
    status: int = 200,
    errors: Sequence[tuple[str, str]] = (),
    typed: str = "",
    occasion: str = "",
    written: str = "",
) -> Response:
    messages = _messages(found)
    pack = visit.site.packs.get(found.row.organisation)
    return visit.show(
        "report_messages.html",
        status,
        code=code,
        messages=messages,
        typed=typed,
        written=written,
        recorded=any(one.own and one.text == written for one in messages),
        occasion=occasion or secrets.token_urlsafe(_DRAW),
        open=found.row.closed_at is None,
        most=_TEXT.most,
        numbers=numbers_of((pack,) if pack is not None else visit.site.packs.values()),
        errors=list(errors),
    )


def _fields(visit: Visit, *names: str) -> dict[str, str]:
    """Return what was sent, by name.

    Raises:
        UnreadableBodyError: a field is not on the page, or is there twice.
    """
    sent = dict(visit.sent)
    if len(sent) != len(visit.sent) or not set(sent) <= set(names):
        raise _unreadable()
    return sent


def _unreadable() -> UnreadableBodyError:
    return UnreadableBodyError("the form is no page of a report", 422)


PAGES: Final = (
    Page(f"{PATH}/calls", report_calls, ("POST",), "anyone"),
    Page(f"{PATH}/receipt", report_receipt, ("GET", "POST"), "anyone"),
)
