"""People at their browsers. Whatever page somebody comes to is looked at: can everybody use it, on any screen?"""

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from bs4 import BeautifulSoup
from httpx2 import AsyncClient
from playwright.async_api import (
    APIResponse,
    Browser,
    CDPSession,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
)

from tests.journeys.running import command, confirm_all, forget_codes

STANDARD: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""What every page has to pass: WCAG 2.2 AA, and what axe holds to be good practice besides."""

FIRST: Final = "ruth.bell@cadmus.example"
SECOND: Final = "owen.price@cadmus.example"
"""The administrators of Cadmus: the one who imports people, and the one who confirms what needs a second person."""

_WIDE: Final = ViewportSize(width=1280, height=900)
_NARROW: Final = ViewportSize(width=320, height=640)
_PATIENCE: Final = 15.0
_LOOK_AGAIN: Final = 0.03
_CODE: Final = re.compile(r"^[2-9A-HJKMNP-Z]{8}$", re.MULTILINE)
_LINK: Final = re.compile(r"http\S+[^\s.]")
_COLUMNS: Final = (
    "email,name,kind,schools,line_manager,seats,deputy,absences,leaves_on,authorised_by,authorised_on,administrator"
)
_SEEN: Final = """() => {
  const known = new Map();
  const own = (one) => {
    if (!known.has(one)) {
      const attributes = [...one.attributes].map((attribute) => attribute.name).sort();
      known.set(one, [one.tagName, one.getAttribute("role"), [...one.classList], attributes].join(";"));
    }
    return known.get(one);
  };
  const shape = (one) => `${own(one)}(${[...new Set([...one.children].map(shape))].join()})`;
  const road = (one) => one ? `${road(one.parentElement)}>${[one.tagName, ...one.classList]}` : "";
  const speaks = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const short = (text) => {
    let [one, other] = [0xdeadbeef, 0x41c6ce57];
    for (const letter of text) {
      one = Math.imul(one ^ letter.codePointAt(0), 2654435761);
      other = Math.imul(other ^ letter.codePointAt(0), 1597334677);
    }
    return (other >>> 0) * 2097152 + (one >>> 11);
  };
  const all = [...document.querySelectorAll("*")];
  const parts = all.map((one) => `${road(one.parentElement)}>${own(one)}${speaks(one)}`);
  const inOrder = (some) => all.map((one) => one.tagName).filter((name) => some.includes(name));
  const headings = inOrder(["H1", "H2", "H3", "H4", "H5", "H6"]);
  parts.push(headings.filter((name, n) => name !== headings[n - 1]).join());
  parts.push(inOrder(["HEADER", "NAV", "MAIN", "ASIDE", "FOOTER"]).join());
  const words = document.body.innerText.split(/\\s+/).map((word) => word.length);
  const fields = all.filter((one) => one.matches("input:not([type=hidden]), select, textarea"));
  const named = (one) => one.labels.length || one.hasAttribute("aria-label") || one.hasAttribute("aria-labelledby");
  const meant = all.flatMap((one) =>
    ["for", "aria-labelledby", "aria-describedby"].flatMap((name) => (one.getAttribute(name) || "").split(" ")));
  const ids = all.map((one) => one.id).filter((id) => id);
  const twice = ids.filter((id, n) => ids.indexOf(id) !== n && meant.includes(id));
  return {
    shape: shape(document.documentElement),
    parts: [...new Set(parts.map(short))],
    longest: Math.max(...words),
    files: document.querySelectorAll("input[type=file]").length,
    wrong: [...fields.filter((one) => !named(one)).map((one) => one.outerHTML), ...twice],
  };
}"""
"""What is seen of a page at once.

Its shape: that of all elements, with their classes and the names of their attributes, in their order; of those within
the same element that are alike, however many there are, only one is told. Its parts, each as a number: every element
so, whether it has words of its own, and the classes of all that it stands in, on which its colours depend; and the
order of its headings and of its landmarks. Its longest word in characters, how many files it asks for, and what can be
wrong between parts that are right each: a field without a name, and an element that is meant by its id and is there
twice.
"""
_passed: Final[dict[str, int]] = {}
"""The shapes of the pages that passed in this run, each with its longest word."""
_passed_parts: Final[set[int]] = set()
"""The parts of all pages that passed."""
_REFUSED: Final = "Failed to load resource: the server responded with a status of 4"


@dataclass(frozen=True)
class Mail:
    """A mail as its reader sees it."""

    to: str
    subject: str
    text: str

    @property
    def link(self) -> str:
        """The one address in it."""
        [link] = _LINK.findall(self.text)
        return str(link)


@dataclass
class Mailbox:
    """The mailbox page of a demo. Each mail is read once; the page is opened when there is more in the folder."""

    base_url: str
    folder: Path
    _read: set[str] = field(default_factory=set)

    async def next(self, to: str, subject: str) -> Mail:
        """Return the oldest mail to `to` that was not read yet and whose subject holds `subject`, once it is there."""
        until = asyncio.get_running_loop().time() + _PATIENCE
        async with AsyncClient(base_url=self.base_url) as http:
            while True:
                there = len(list(self.folder.glob("*.eml")))
                mails = await self._unread(http)
                found = next((m for m in reversed(list(mails.items())) if m[1][0] == to and subject in m[1][1]), None)
                if found is not None:
                    self._read.add(found[0])
                    return Mail(*found[1], await self._text(http, found[0]))
                while len(list(self.folder.glob("*.eml"))) == there:
                    assert asyncio.get_running_loop().time() < until, f"no mail {subject!r} to {to}, but {mails}"
                    await asyncio.sleep(_LOOK_AGAIN)

    async def unread(self, to: str) -> list[str]:
        """Return the subjects of what `to` got and did not read yet, newest first."""
        async with AsyncClient(base_url=self.base_url) as http:
            mails = await self._unread(http)
        return [subject for address, subject in mails.values() if address == to]

    async def _unread(self, http: AsyncClient) -> dict[str, tuple[str, str]]:
        """Return address and subject of each mail that was not read yet, by where it is, newest first."""
        mails = {}
        for row in BeautifulSoup((await http.get("/mailbox")).text, "html.parser").select("main li"):
            link, more = row.select_one("a"), row.select_one("span")
            assert link is not None
            assert more is not None
            mails[str(link["href"])] = (more.get_text().split()[1].rstrip(","), link.get_text())
        return {path: mail for path, mail in mails.items() if path not in self._read}

    async def _text(self, http: AsyncClient, path: str) -> str:
        text = BeautifulSoup((await http.get(path)).text, "html.parser").select_one(".duly-mail")
        assert text is not None
        return text.get_text().replace("\r\n", "\n")


@dataclass(frozen=True)
class Scripts:
    """Whether a window runs scripts. They are allowed only for the look at a page that is there already."""

    session: CDPSession

    async def allow(self, allowed: bool) -> None:
        """Let scripts run from now on, or not."""
        await self.session.send("Emulation.setScriptExecutionDisabled", {"value": not allowed})


@dataclass
class Somebody:
    """Somebody at a browser: what they do, by the words on the page, and what they then see."""

    page: Page
    base_url: str
    scripts: "Scripts | None" = None
    troubles: list[str] = field(default_factory=list)

    async def open(self, address: str) -> None:
        """Go to `address`."""
        await self.page.goto(urljoin(self.base_url, address))
        await self._look()

    async def follow(self, name: str) -> None:
        """Follow the link called `name`."""
        async with self.page.expect_navigation():
            await self.page.get_by_role("link", name=name, exact=True).first.click()
        await self._look()

    async def press(self, name: str, again: bool = False) -> None:
        """Press the button called `name`; a page that comes `again` was looked at before."""
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name=name, exact=True).click()
        if not again:
            await self._look()

    async def type(self, label: str, text: str) -> None:
        """Type `text` where `label` asks for it."""
        await self.page.get_by_label(label, exact=True).fill(text)

    async def type_date(self, label: str, iso: str) -> None:
        """Type a date where `label` asks for it."""
        group = self.page.get_by_role("group", name=label)
        for name, text in zip(("Year", "Month", "Day"), iso.split("-"), strict=True):
            await group.get_by_label(name).fill(text)

    async def choose(self, *labels: str) -> None:
        """Choose each of `labels`."""
        for label in labels:
            await self.page.get_by_label(label, exact=True).check()

    async def typed(self, label: str) -> str:
        """Return what stands where `label` asks."""
        return await self.page.get_by_label(label, exact=True).input_value()

    async def text(self) -> str:
        """Return what the page says, less its frame."""
        return re.sub(r"\s+", " ", await self.page.inner_text("main"))

    async def says(self, *texts: str) -> None:
        """Fail unless the page says each of `texts`."""
        said = await self.text()
        assert [text for text in texts if text not in said] == [], f"{self.page.url} says: {said}"

    async def table(self, caption: str) -> list[list[str]]:
        """Return the cells of a table, row by row."""
        rows = await self.page.get_by_role("table", name=caption).locator("tbody tr").all()
        return [[re.sub(r"\s+", " ", cell) for cell in await row.locator("th, td").all_inner_texts()] for row in rows]

    async def fetch(self, address: str) -> APIResponse:
        """Return what `address` brings, whatever it is."""
        return await self.page.context.request.get(urljoin(self.base_url, address))

    async def _look(self) -> None:
        """Fail where the page is hard to use for somebody, too wide for the narrowest screen, or takes a file.

        A page that is built of the same parts as those that passed has passed with them; whether it is too wide is
        seen of each shape, and again with a longer word.
        """
        seen = await self.page.evaluate(_SEEN)
        shape, longest, parts = seen["shape"], seen["longest"], set(seen["parts"])
        assert seen["files"] == 0
        assert seen["wrong"] == [], f"{self.page.url}: {seen['wrong']}"
        assert self.troubles == []
        if longest <= _passed.get(shape, -1):
            return
        await self.page.set_viewport_size(_NARROW)
        wide = await self.page.evaluate("document.documentElement.scrollWidth")
        await self.page.set_viewport_size(_WIDE)
        assert wide <= _NARROW["width"], f"{self.page.url} is {wide} px wide"
        if not parts <= _passed_parts:
            await self._check()
        assert self.troubles == []
        _passed[shape] = longest
        _passed_parts.update(parts)

    async def _check(self) -> None:
        """Fail where the page does not pass the standard."""
        if self.scripts is not None:
            await self.scripts.allow(True)
        # The styles are read as the browser has them, not fetched once more.
        options = {"runOnly": STANDARD, "resultTypes": ["violations"], "selectors": False, "preload": False}
        found = await Axe().run(self.page, options=options)
        if self.scripts is not None:
            await self.scripts.allow(False)
        violations: list[dict[str, Any]] = found.response["violations"]
        told = [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in violations]
        assert told == [], f"{self.page.url}: {told}"


@dataclass
class Town:
    """A running Duly with everybody in it, its mailbox, and the folder in which it keeps its data."""

    base_url: str
    browser: Browser
    mailbox: Mailbox
    folder: Path
    _in_use: list[Somebody] = field(default_factory=list)
    _free: list[Somebody] = field(default_factory=list)

    async def somebody(self, scripts: bool = True) -> Somebody:
        """Return somebody who is not signed in. Without `scripts` their browser runs none.

        They sit down where somebody of an earlier journey got up, if they can: a new window costs as much as ten pages.
        """
        place = next((place for place, one in enumerate(self._free) if (one.scripts is None) is scripts), None)
        one = await self._window(scripts) if place is None else self._free.pop(place)
        self._in_use.append(one)
        return one

    async def _window(self, scripts: bool) -> Somebody:
        context = await self.browser.new_context(viewport=_WIDE)
        context.set_default_timeout(_PATIENCE * 1000)
        one = Somebody(await context.new_page(), self.base_url)
        if not scripts:
            one.scripts = Scripts(await context.new_cdp_session(one.page))
            await one.scripts.allow(False)
        one.page.on("console", lambda message: _note(one, message))
        one.page.on("pageerror", lambda error: one.troubles.append(str(error)))
        one.page.on("request", lambda request: _stay(one, request))
        return one

    async def sign_in(self, email: str, scripts: bool = True, at: str = "/sign-in") -> Somebody:
        """Return somebody who has signed in with the code from their mail, on their way to `at`."""
        forget_codes(self.folder, email)
        one = await self.somebody(scripts)
        await one.open(at)
        await one.type("Your school email address", email)
        await one.press("Send me a code")
        mail = await self.mailbox.next(email, "Your sign-in code for Duly")
        [code] = _CODE.findall(mail.text)
        await one.type("The code from the mail", code)
        await one.press("Sign in")
        return one

    async def import_people(self, *rows: str) -> None:
        """Have an administrator of Cadmus import `rows` of people, and the other one confirm what takes two."""
        await self.propose_people(*rows)
        await confirm_all(self.folder, "cadmus", SECOND)

    async def propose_people(self, *rows: str) -> str:
        """Have an administrator of Cadmus import `rows` of people, and return what the command said."""
        file = self.folder / "people.csv"
        file.write_text("\n".join((_COLUMNS, *rows)) + "\n", encoding="utf-8")
        return await command(self.folder, "people", "import", "--organisation", "cadmus", "--by", FIRST, str(file))

    async def leave(self) -> None:
        """Have everybody get up from their browsers, which then know nothing of them."""
        while self._in_use:
            one = self._in_use.pop()
            await one.page.goto("about:blank")
            await one.page.context.clear_cookies()
            await one.page.set_viewport_size(_WIDE)
            one.troubles.clear()
            self._free.append(one)


def _note(one: Somebody, message: ConsoleMessage) -> None:
    if message.type == "error" and not message.text.startswith(_REFUSED):
        one.troubles.append(message.text)


def _stay(one: Somebody, request: Request) -> None:
    if not request.url.startswith(one.base_url):
        one.troubles.append(f"asked for {request.url}")
