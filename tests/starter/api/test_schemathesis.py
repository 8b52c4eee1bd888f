"""What schemathesis finds: it reads the OpenAPI document, and sends what that allows and forbids, over a socket."""

import asyncio
import base64
import os
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import schemathesis
import uvicorn
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import NonFatalError, ScenarioFinished

from domain.interface import Service
from settings import Settings
from starter.web import acting, create_app, deciding, editing
from starter.web.site import Site
from store import packs, people, services
from store.database import Database
from store.keys import CaseKeys, Keyring
from store.migrate import upgrade
from tests.builders import ADA, BEN, HELEN, MONDAY, ORGANISATION
from tests.starter.api.conftest import a_token
from tests.starter.api.test_starting import ANSWERS
from tests.starter.web.conftest import Clock, RememberedCases
from tests.starter.web.running import Running, requested
from tests.starter.web.school import EVERYBODY, PACKS

SOAK: Final = os.environ.get("DULY_TEST_PROFILE") == "soak"
EXAMPLES: Final = 500 if SOAK else 10
NOBODY: Final = ""
OWN: Final = ("GET /api/v1/cases", "POST /api/v1/cases", "POST /api/v1/cases/{reference}/asks/{ask}/answer")
"""What asks for something that no schema says: who there is, and whether a form holds or an answer is whole."""

CHECKS: Final = {
    *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance"),
    *("response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "missing_required_header"),
    *("unsupported_method", "allow_header_conformance", "ignored_auth", "use_after_free"),
    *("ensure_resource_availability", "object_level_authorization"),
}


@dataclass
class Served:
    """The site on a socket of this machine, with a token of Ben, who is asked, and one of a service."""

    address: str
    tokens: dict[str, str] = field(default_factory=dict)


async def a_site(folder: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Site, Running]:
    """Return a site with a case that waits for Ben, in which nobody is slowed down."""
    limits = dict.fromkeys(("bad_links_per_minute", "cases_per_hour", "cases_per_day"), 1_000_000)
    key = base64.b64encode(b"k" * 32).decode()
    settings = Settings.model_validate(
        {"mode": "demo", "data_dir": folder, "keys": f"k1:{key}", "base_url": address, **limits}
    )
    db, cases = Database(settings.database_url), RememberedCases()
    async with db.write() as session:
        await people.save(session, EVERYBODY)
        for pack in PACKS.values():
            await packs.keep(session, pack)
    site = Site(settings, db, CaseKeys(db, Keyring.of(settings.key_ring)), cases, PACKS, Clock(), demo=True)
    running = Running(site)
    monkeypatch.setattr(cases, "begin", running.begin)
    monkeypatch.setattr(cases, "act", running.act)
    # No page waits for a record that does not come.
    for waiting in (acting, deciding, editing):
        monkeypatch.setattr(waiting, "_PATIENCE", 0.0)
    await requested(running)
    return site, running


async def tokens_at(site: Site) -> dict[str, str]:
    wanted = Service(name="MIS", scopes=("cases:read", "webhooks"), until=MONDAY.date(), made_by=ADA.id)
    async with site.db.write() as session:
        service = await services.make(session, id_="0" * 32, organisation=ORGANISATION, service=wanted, at=MONDAY)
        assert await services.confirm(session, "0" * 32, HELEN.id, MONDAY)
    assert service is not None
    return {"Ben": await a_token(site, BEN.email), "a service": service, NOBODY: ""}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a site in a thread with a loop of its own: schemathesis waits for each answer."""
    folder = tmp_path_factory.mktemp("served")
    upgrade(f"sqlite+aiosqlite:///{folder}/duly.sqlite3")
    ready, ends = threading.Event(), list[uvicorn.Server]()
    # Told that it is TCP, it does not wait for a packet to be full: a twentieth of a second for each answer.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    patch = pytest.MonkeyPatch()
    served = Served(f"http://127.0.0.1:{listening.getsockname()[1]}")

    async def serve() -> None:
        site, running = await a_site(folder, served.address, patch)
        served.tokens = await tokens_at(site)
        ends.append(uvicorn.Server(uvicorn.Config(create_app(site), access_log=False, log_level="error")))
        ready.set()
        await ends[0].serve([listening])
        await running.stop()
        await site.db.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(60)
    yield served
    ends[0].should_exit = True
    thread.join(30)
    patch.undo()


def described(served: Served) -> dict[str, Any]:
    """Return the document as it is served, with an example of what there is and of what is taken."""
    document: dict[str, Any] = httpx2.get(f"{served.address}/api/v1/openapi.json").json()
    there = {"reference": "K7QM-4TXR", "ask": "a1", "Idempotency-Key": "3b0c2f5e-one-case"}
    taken = {
        "start_case": {"process": "club", "answers": {**ANSWERS, "line_manager": HELEN.email, "why_other": "She is"}},
        "answer_ask": {"version": 1, "verdict": "approve", "signature": "Ben Carter"},
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            for one in operation["parameters"]:
                if one["name"] in there:
                    one["example"] = there[one["name"]]
            if operation["operationId"] in taken:
                operation["requestBody"]["content"]["application/json"]["example"] = taken[operation["operationId"]]
    return document


@pytest.mark.parametrize("whose", ["Ben", "a service", NOBODY])
def test_whatever_is_sent_is_answered_as_the_document_says(served: Served, whose: str) -> None:
    token = served.tokens[whose]
    config = SchemathesisConfig.from_dict(
        {
            "base-url": served.address,
            "seed": 1,
            "continue-on-failure": True,
            "request-timeout": 30,
            "headers": {"Authorization": f"Bearer {token}"} if token else {},
            "generation": {
                "max-examples": EXAMPLES,
                "deterministic": not SOAK,
                "no-shrink": not SOAK,
                "database": "none",
            },
            "operations": [
                {
                    "include-name": list(OWN),
                    "checks": {
                        "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422"]}
                    },
                }
            ],
        }
    )
    document = described(served)
    if whose == "Ben":
        review = f"{served.address}/api/v1/cases/K7QM-4TXR/asks/a1/review"
        assert httpx2.post(review, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    statuses, checked, faults = defaultdict[str, set[int]](set), set[str](), list[str]()
    for event in from_schema(schemathesis.openapi.from_dict(document, config=config)).execute():
        if isinstance(event, NonFatalError):
            faults.append(f"{event.label}: {event.value!r}")
        if isinstance(event, ScenarioFinished):
            for check in (one for several in event.recorder.checks.values() for one in several):
                checked.add(check.name)
                if check.failure_info is not None:
                    faults.append(
                        f"{event.recorder.label}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
                    )
            for one in event.recorder.interactions.values():
                if one.response is not None:
                    statuses[event.recorder.label].add(one.response.status_code)
    assert faults == []
    assert checked == CHECKS
    calls = {f"{method.upper()} {path}" for path, several in document["paths"].items() for method in several}
    assert calls <= statuses.keys()
    good = {call for call in calls if statuses[call] & {200, 201}}
    reading = {f"GET /api/v1/{rest}" for rest in ("cases", "cases/{reference}", "cases/{reference}/events")}
    # Ben reviewed it before, and perhaps it is answered by the time it is his turn to review it again.
    his = calls - {"GET /api/v1/webhooks", "POST /api/v1/cases/{reference}/asks/{ask}/review"}
    served_well = {"Ben": his, "a service": reading | {"GET /api/v1/webhooks"}, NOBODY: set[str]()}
    assert good - (calls - his if whose == "Ben" else set()) == served_well[whose]
