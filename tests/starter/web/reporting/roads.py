"""Walking the road of a report as a browser does: what the page carries goes with what is typed."""

import secrets
from dataclasses import dataclass
from typing import Any

from bs4 import BeautifulSoup, Tag
from httpx2 import Response

from domain.report_so_far import SoFar
from tests.starter.web.conftest import Browser, page_of

STORY = "He wrote to TB, Year 9, every night since half-term."
USUAL: dict[str, dict[str, Any]] = {
    "start": {"danger": "no"},
    "danger_first": {},
    "involved": {"involved": "none_of_them"},
    "other_device": {},
    "images": {"images": "no"},
    "no_pictures": {},
    "at_risk": {"at_risk": "yes"},
    "people": {"name_1": "Ben Carter", "category_1": "employee", "capacity_1": ""},
    "events": {"topic_1": "x" + b"private-messages".hex(), "what_1": STORY},
    "when": {
        "happened_on-day": "",
        "happened_on-month": "",
        "happened_on-year": "",
        "noticed_on-day": "",
        "noticed_on-month": "",
        "noticed_on-year": "",
        "where": "",
    },
    "reporter": {"mode": "anonymous", "name": "", "contact": "", "confidential_name": "", "confidential_contact": ""},
}
"""What is answered on each page of a usual report, made without a name."""


@dataclass
class Road:
    """A report that somebody is making, with the page that they see now."""

    browser: Browser
    answer: Response | None = None

    @property
    def soup(self) -> BeautifulSoup:
        """The page that is shown."""
        assert self.answer is not None
        return page_of(self.answer)

    @property
    def text(self) -> str:
        """What the page says, in one line."""
        main = self.soup.main
        assert main is not None
        return " ".join(main.get_text(" ").split())

    @property
    def title(self) -> str:
        """The heading of the page."""
        heading = self.soup.find("h1")
        assert heading is not None
        return heading.get_text().strip()

    @property
    def page(self) -> str:
        """Which page of a report it is; empty where it is none."""
        found = self.soup.find("input", {"name": "page"})
        return str(found["value"]) if isinstance(found, Tag) else ""

    @property
    def faults(self) -> list[str]:
        """What the page says is wrong."""
        return [one.get_text().strip() for one in self.soup.select(".govuk-error-summary__list a")]

    @property
    def code(self) -> str:
        """The code of the reporter."""
        found = self.soup.find(id="code")
        assert found is not None
        return found.get_text().strip()

    def carried(self, action: str = "/report") -> dict[str, str]:
        """Return what the form to `action` carries."""
        form = self.soup.find("form", {"action": action})
        assert isinstance(form, Tag)
        return {str(one["name"]): str(one["value"]) for one in form.find_all("input", {"type": "hidden"})}

    async def begin(self) -> "Road":
        """Open the first page."""
        self.answer = await self.browser.get("/report")
        return self

    async def go(self, go: str = "on", **typed: Any) -> "Road":
        """Send the page with what is typed; a field with several answers is a tuple."""
        pairs = [
            (name, one)
            for name, text in {**self.carried(), **typed, "go": go}.items()
            for one in ((text,) if isinstance(text, str) else text)
        ]
        self.answer = await self.browser.post("/report", pairs)
        return self

    async def to(self, page: str, **changes: dict[str, Any]) -> "Road":
        """Go on, with the usual answers but for `changes` by page, until `page` is shown."""
        for _ in range(20):
            if self.page == page:
                return self
            here = self.page
            await self.go(**{**USUAL[here], **changes.get(here, {})})
            assert not self.faults, (here, self.faults)
        msg = f"the road does not lead to {page}"
        raise AssertionError(msg)

    async def ready(self) -> "Road":
        """Come to the check of a usual report at once, as if every page had been gone through."""
        asked = {name: text for page in USUAL.values() for name, text in page.items() if text and "-" not in name}
        so_far = SoFar(key=secrets.token_urlsafe(32), typed=asked, done=tuple(USUAL))
        fields = {"so_far": so_far.model_dump_json(), "page": "check", "go": "on"}
        self.answer = await self.browser.post("/report", fields)
        assert self.page == "check"
        return self

    async def whole(self, **changes: dict[str, Any]) -> "Road":
        """Make a whole report with the usual answers but for `changes` by page, and send it."""
        await self.begin()
        await self.to("check", **changes)
        return await self.go("send")
