"""All that the pages stand on, built once at start and passed down."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from domain.calendar import local_day
from domain.cases import Act, Opening, Reply
from domain.mails import PersonalMail
from domain.pack import Pack
from settings import Settings
from starter.oidc import SchoolProvider
from starter.runs import Health, Replayed, Run
from starter.web.limits import Failures
from starter.web.recent import Recent
from store.database import Database
from store.keys import CaseKeys

STATIC: Final = Path(__file__).parents[1] / "static"


class Cases(Protocol):
    """The running cases, as the pages reach them. Each method may raise `EngineLostError`."""

    async def ready(self) -> bool:
        """Return whether Temporal answers."""
        ...

    async def begin(self, opening: Opening) -> None:
        """Begin a case; one that has begun before is left alone."""
        ...

    async def act(self, case: str, act: Act) -> Reply:
        """Have a case take an act and return what it says."""
        ...

    async def mail_person(self, mail: PersonalMail) -> None:
        """Have a mail sent that is no part of a case, once."""
        ...

    async def send_mail(self, mail_id: str) -> None:
        """Have a queued mail of a case sent, once."""
        ...

    async def health(self) -> Health:
        """Return how Temporal and its worker are, and which cases do not get on; it never raises."""
        ...

    async def run_of(self, case: str) -> Run | None:
        """Return a case as Temporal describes it; None where Temporal has it no more."""
        ...

    async def replay(self, case: str) -> Replayed:
        """Return whether the code of today would have written the history of a case."""
        ...


async def _nothing() -> None:
    pass


@dataclass
class Once:
    """What is done once, for whoever first needs it; where it fails, whoever comes next tries again."""

    do: Callable[[], Awaitable[None]] = _nothing
    _is_done: bool = False
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self) -> None:
        """Return once it is done."""
        if self._is_done:
            return
        async with self._turn:
            if not self._is_done:
                await self.do()
            self._is_done = True


@dataclass(frozen=True)
class Site:
    """One installation: its settings, its records, its running cases, and the packs by organisation.

    `bad_links` are the links that lead nowhere, by the address that tried them, `bad_receipts` the codes of reporters
    that are none, `bad_tokens` the tokens of programs that are none, `reports` the reports, by marks of addresses that
    are forgotten with them, `codes` the sign-in codes that nobody used, by the address that asked for them, `alarms`
    when it was last said that there were too many of all together; `recent` are the cases that pages read last, as
    `starter.web.known` knows them. `prepared` is to be waited for before anything on record is looked at.
    """

    settings: Settings
    db: Database
    keys: CaseKeys
    engine: Cases
    packs: Mapping[str, Pack]
    clock: Callable[[], datetime]
    demo: bool
    bad_links: Failures = field(default_factory=Failures)
    bad_receipts: Failures = field(default_factory=Failures)
    bad_tokens: Failures = field(default_factory=Failures)
    reports: Failures = field(default_factory=lambda: Failures(within=timedelta(hours=1)))
    codes: Failures = field(default_factory=lambda: Failures(within=timedelta(hours=1)))
    alarms: Failures = field(default_factory=lambda: Failures(within=timedelta(hours=1)))
    recent: Recent[Any] = field(default_factory=Recent)
    prepared: Once = field(default_factory=Once)

    @property
    def secure(self) -> bool:
        """Whether people reach the site over https."""
        return self.settings.base_url.startswith("https:")

    @property
    def host(self) -> str:
        """The one host name, with its port, under which people reach the site."""
        return urlsplit(self.settings.base_url).netloc.lower()

    @cached_property
    def school_provider(self) -> SchoolProvider | None:
        """The provider of the school's accounts, where the settings name one."""
        return SchoolProvider(self.settings) if self.settings.oidc_issuer is not None else None

    @property
    def today(self) -> date:
        """The day that people in England call now."""
        return local_day(self.clock())


@cache
def static_path() -> str:
    """Return under which address the static files lie: it changes whenever one of them does."""
    digest = hashlib.sha256()
    for file in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(STATIC)}\n".encode() + hashlib.sha256(file.read_bytes()).digest())
    return f"/static/{digest.hexdigest()[:12]}"
