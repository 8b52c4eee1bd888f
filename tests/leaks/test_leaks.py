"""Nothing of a confidential case is anywhere but sealed: not in Temporal, the database, a log, a mail, a number."""

import asyncio
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import pytest
from httpx2 import AsyncClient
from sqlalchemy import text as sql
from sqlmodel import SQLModel
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from domain.cases import Act
from domain.entries import AnyEntry, AnyRemark
from domain.names import ACT
from store.confidential import Confidential
from tests.leaks import school, story
from tests.leaks.house import SEARCHED, House, house
from tests.leaks.looking import Looker, addresses
from tests.leaks.searching import Found, Needle, of_rows, search, text, word
from tests.leaks.story import STEM, Desk, marker
from tests.leaks.world import World, world
from tests.starter.web.conftest import Browser

LEAKED: Final = "Xjovbrynt"
"""With this begins what is leaked on purpose."""

KINDS: Final = {one.model_fields["kind"].default for group in (AnyRemark, AnyEntry) for one in group.__args__}
TOPICS: Final = {topic.key for process in school.pack().processes for topic in process.topics if len(topic.key) > 8}
WORDS: Final = {
    "what happens": text(*KINDS, *(kind.replace("_", "") for kind in KINDS), *(kind.title() for kind in KINDS)),
    "what it is about": text(*TOPICS),
    "a word of such cases": text("allegation", "disciplin", "interview", "suspen", "confidential", "case_manager"),
    "the LADO": word("lado"),
}
"""What nobody may read who may not know that there are such cases."""

OUTSIDERS: Final = {
    "the subject": school.AUTHOR,
    "somebody recused, who manages the subject": school.LINE_MANAGER,
    "an administrator, who runs the IT": school.IT_ADMINISTRATOR,
    "a colleague": "harry.jones@newall-green.example",
    "a stranger": "",
}


@dataclass
class Evidence:
    """All that a house left behind: what is kept and was sent, by where; the pages, by whose; and the truth."""

    kept: dict[str, bytes]
    pages: dict[str, bytes]
    mails: list[tuple[list[str], EmailMessage]]
    cases: list[Confidential]
    code: str
    shapes: dict[str, dict[str, set[str]]]
    on_purpose: list[Found]
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def secrets(self) -> dict[str, Needle]:
        """What nobody may read who may not know of the cases: every marker, every reference, and the reporter's code."""
        return {
            "a marker": text(STEM),
            "a day": text(*(day.isoformat() for day in story.DAYS)),
            "the code": text(self.code, self.code.replace("-", "")),
        }


@pytest.fixture(scope="module")
async def evidence(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Evidence]:
    """Yield what is left of a house in which a report, an allegation and a disciplinary case ran to their ends."""
    folder = tmp_path_factory.mktemp("house")
    async with house(folder, lambda file: shutil.copy(migrated_file, file)) as here:
        played = await _played(here)
        found = Evidence(
            kept={"metrics": await here.metrics()},
            pages=played.pages,
            mails=[],
            cases=await here.cases(),
            code=played.code,
            shapes={one: await shape_of(here.client, one) for one in (played.ordinary, *played.confidential)},
            on_purpose=[],
            failed=played.failed,
        )
        await here.all_mails_are_gone()
        leaked = await _leaked_on_purpose(here)
    found.kept |= here.traces()
    found.mails = [(to, _parsed(content)) for to, content in here.letters.raw]
    found.on_purpose = search({**found.kept, **leaked}, {"on purpose": text(LEAKED)})
    yield found
