"""What can be wrong with a process that comes round, and with the documents of a pack."""

import re
from collections.abc import Iterator
from typing import Final

from domain.asking import SIGNER
from domain.documents import DATES, POLICY, Document, printed
from domain.forms import Form
from domain.pack import Campaign, Pack, Process
from domain.pack_fault import PackFault
from domain.printed_dates import UnreadableDateError

_NEEDED: Final = {
    "site_life": (("go_live", "site_went_live"), ("close", "site_closed")),
    "review": (("draft", "draft_ready"),),
}
"""The tasks without which a story cannot be told, and the entry by which each is done."""

_WITH_A_COUNTERSIGNATURE: Final = 2
"""How many steps an acknowledgement has at most."""

_ADDRESS: Final = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+)?(/[^\s<>\"\\]*)?", re.IGNORECASE)
"""Where a reading may be: nowhere that a browser would run, and with no name or password in it."""


def round_faults(pack: Pack, process: Process) -> Iterator[PackFault]:
    """Yield everything that is wrong with the life of a site, a review, or an acknowledgement."""
    file = f"processes/{process.key}.toml"
    for key, kind in _NEEDED.get(process.story, ()):
        task = process.task(key)
        if task is None or kind not in task.done_by.event:
            yield PackFault(file, "tasks", f"there has to be a task {key}, done by {kind}")
    for task in (*process.tasks, *process.rounds):
        if process.step(task.key) is not None:
            yield PackFault(file, f"tasks.{task.key}", "a step is called that already")
        if pack.seat(task.seat) is None:
            yield PackFault(file, f"tasks.{task.key}.seat", f"there is no seat {task.seat}")
        if task.lapse_on is not None:
            yield PackFault(file, f"tasks.{task.key}.lapse_on", "nothing that comes round ends by silence")
        if task.safeguarding:
            why = "its clock stops while an answer is disputed; tasks are safeguarding in confidential processes alone"
            yield PackFault(file, f"tasks.{task.key}.safeguarding", why)
    yield from _of_site_life(file, process)
    yield from _of_review(file, pack, process)
    yield from _of_acknowledgement(file, pack, process)


def _of_site_life(file: str, process: Process) -> Iterator[PackFault]:
    if process.story != "site_life":
        return
    if process.changes is not None and not process.steps:
        yield PackFault(file, "steps", "a change of a site has to be approved by somebody")
    if process.changes is not None and process.changes.ahead is not None:
        yield PackFault(file, "changes.ahead", "a site that lives has no date that must lie ahead")
    if process.cover is not None and process.task("suspend") is None:
        yield PackFault(file, "tasks", "there has to be a task suspend, for when too few are there")


def _of_review(file: str, pack: Pack, process: Process) -> Iterator[PackFault]:
    if process.story != "review":
        return
    cycle = process.cycle
    if cycle is None:
        yield PackFault(file, "cycle", "is missing")
        return
    minuted = any("board_decided" in task.done_by.event for task in process.tasks)
    if not process.steps and not minuted:
        yield PackFault(file, "steps", "a new version has to be approved: by a step, or by the minute of a board")
    if process.tasks and "draft_ready" not in process.tasks[0].done_by.event:
        yield PackFault(file, "tasks", "a review begins with the draft")
    yield from _no_seat(file, "cycle", pack, cycle.owner, *cycle.told)
    if cycle.signed and pack.told_by("acknowledgement") is None:
        yield PackFault(file, "cycle.signed", "the pack has no acknowledgement")


def _of_acknowledgement(file: str, pack: Pack, process: Process) -> Iterator[PackFault]:
    if process.story != "acknowledgement":
        return
    campaign = process.campaign
    if campaign is None:
        yield PackFault(file, "campaign", "is missing")
        return
    yield from _no_seat(file, "campaign", pack, campaign.owner, *campaign.chase)
    if not process.steps or process.steps[0].seats != (SIGNER,):
        yield PackFault(file, "steps", f"everybody signs for themselves, once: one step, the seat {SIGNER}")
        return
    for step in process.steps:
        if step.lapse_on is not None or step.escalate_on is not None:
            why = "nobody signs in another's place, and nothing is signed by silence"
            yield PackFault(file, f"steps.{step.key}", why)
    for step in process.steps[1:]:
        if len(process.steps) > _WITH_A_COUNTERSIGNATURE or len(step.seats) != 1 or step.seats == (SIGNER,):
            yield PackFault(file, f"steps.{step.key}", "besides everybody, one seat signs, and no more")
    yield from _of_readings(file, campaign)
    within = process.steps[0].answer_within
    if campaign.chase and campaign.chase_on <= within:
        why = f"nobody is late on working day {campaign.chase_on}: they have until the end of working day {within}"
        yield PackFault(file, "campaign.chase_on", f"{why}; choose a later one")
    if campaign.every == "term" and not pack.calendar.terms:
        yield PackFault(file, "campaign.every", "comes round each term, and the pack has no terms")
    for key in campaign.documents:
        if (other := pack.signing(key)) is not None and other.key != process.key:
            yield PackFault(file, "campaign.documents", f"{key} is signed in {other.key} already")
    for key in campaign.documents:
        document = pack.control(key)
        if document is None:
            yield PackFault(file, "campaign.documents", f"there is no document {key}")
        elif not document.text:
            yield PackFault(file, "campaign.documents", f"{key} has no text that anybody could read")


def _of_readings(file: str, campaign: Campaign) -> Iterator[PackFault]:
    seen: set[str] = set()
    for reading in campaign.readings:
        where = f"campaign.readings.{reading.key}"
        if reading.key in seen:
            yield PackFault(file, "campaign.readings", f"{reading.key} is there twice")
        seen.add(reading.key)
        if bool(reading.address) == bool(reading.text):
            yield PackFault(file, where, "has either an address or a text")
        if reading.address and not _ADDRESS.fullmatch(reading.address):
            yield PackFault(file, f"{where}.address", "has to begin with https:// and the name of a host")
    if campaign.open_first and not campaign.readings:
        yield PackFault(file, "campaign.open_first", "there are no readings to open")
    if campaign.open_first and campaign.visitors:
        yield PackFault(file, "campaign.open_first", "nobody knows what visitors open at a signing desk")


def _no_seat(file: str, where: str, pack: Pack, *seats: str) -> Iterator[PackFault]:
    for key in seats:
        if pack.seat(key) is None:
            yield PackFault(file, where, f"there is no seat {key}")


def question_faults(pack: Pack, process: Process, form: Form | None) -> Iterator[PackFault]:
    """Yield everything that is wrong with a process in which somebody asks the school something."""
    file = f"processes/{process.key}.toml"
    if form is None:
        yield PackFault(file, "form", f"there is no form {process.form}")
    if not process.may_start:
        yield PackFault(file, "may_start", "must name at least one")
    if process.steps or process.changes is not None:
        yield PackFault(file, "steps", "a question is answered, and approved by nobody")
    if [task.done_by.event for task in process.tasks] != [("question_answered",)]:
        yield PackFault(file, "tasks", "there has to be one task, done by question_answered")
        return
    task = process.tasks[0]
    yield from _no_seat(file, f"tasks.{task.key}.seat", pack, task.seat)
    if task.lapse_on is not None:
        yield PackFault(file, f"tasks.{task.key}.lapse_on", "no question ends by silence")


def document_faults(pack: Pack) -> Iterator[PackFault]:
    """Yield every date of a document that cannot be read; what merely does not fit is a warning."""
    for document in (pack.document, *pack.documents):
        key = document.key if isinstance(document, Document) else POLICY
        file = "pack.toml" if key == POLICY else f"documents/{key}.toml"
        for name in DATES:
            try:
                printed(document, name, pack.calendar.terms)
            except UnreadableDateError as unreadable:
                yield PackFault(file, f"document.{name}" if key == POLICY else name, str(unreadable))
