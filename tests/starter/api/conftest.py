"""Programs at the site of the tests of pages, each with a token of somebody."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from domain.interface import SCOPES
from starter.web import create_app
from starter.web.site import Site
from store import interface, people
from tests.starter.web.conftest import (
    BASE_URL,
    cases,  # noqa: F401
    clock,  # noqa: F401
    kept,  # noqa: F401
    open_browser,  # noqa: F401
    running,  # noqa: F401
    settings,  # noqa: F401
    signed_in,  # noqa: F401
    site,  # noqa: F401
)


@dataclass
class Program:
    """A program with a token, or without one; it keeps no cookies."""

    client: AsyncClient
    token: str = ""

    async def get(self, path: str, **headers: str) -> Response:
        """Return what is answered."""
        return await self.client.get(f"/api/v1{path}", headers={**self._usual, **headers})

    async def post(self, path: str, sent: Any = None, **headers: str) -> Response:
        """Return what is answered to `sent` as JSON, or to nothing."""
        usual = {**self._usual, **{name.replace("_", "-"): text for name, text in headers.items()}}
        if sent is None:
            return await self.client.post(f"/api/v1{path}", headers=usual)
        return await self.client.post(f"/api/v1{path}", json=sent, headers=usual)

    async def send(self, path: str, body: bytes, kind: str = "application/json", **headers: str) -> Response:
        """Return what is answered to that very body."""
        sent = {**self._usual, "Content-Type": kind, **headers}
        return await self.client.post(f"/api/v1{path}", content=body, headers=sent)

    @property
    def _usual(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


class AProgram(Protocol):
    """What gives a program a token of somebody, by their address, for some scopes, or all."""

    async def __call__(self, email: str = "", *scopes: str) -> Program: ...


@pytest.fixture
async def program(site: Site) -> AsyncIterator[AProgram]:  # noqa: F811
    client = AsyncClient(transport=ASGITransport(create_app(site)), base_url=BASE_URL)

    async def a_program(email: str = "", *scopes: str) -> Program:
        return Program(client, await a_token(site, email, *scopes) if email else "")

    yield a_program
    await client.aclose()


async def a_token(site: Site, email: str, *scopes: str, lasts: timedelta = timedelta(days=30)) -> str:  # noqa: F811
    """Return a new token of somebody."""
    async with site.db.write() as session:
        person = await people.person_by_email(session, email)
        assert person is not None
        token = await interface.make_token(
            session,
            id_=secrets.token_hex(16),
            person=person.id,
            name="a program",
            scopes=scopes or tuple(SCOPES),
            at=site.clock(),
            lasts=lasts,
        )
    assert token is not None
    return token
