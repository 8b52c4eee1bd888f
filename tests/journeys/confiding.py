"""What the journeys of confidential work share: a report, the one mail that there is about it, and what is recorded."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Final

from tests.journeys.browsing import Mail, Somebody, Town

NEUTRAL: Final = "You have a task in Duly"
_BLANK: Final = re.compile(r"\[[^\]\n]+\]")
_PATIENCE: Final = 15.0
_LOOK_AGAIN: Final = 0.1
_OF_THE_READER: Final = ("To", "Date", "Message-ID", "Content-Type")
"""The headers that differ from mail to mail; the boundary in the last of them is drawn at random."""


@dataclass
class Post:
    """The neutral mail to everybody whose address ends with `ending`; each is read once, and they all read alike."""

    town: Town
    ending: str
    _seen: set[str] = field(default_factory=set)
    _first: tuple[object, ...] | None = None

    def forget(self) -> None:
        """Take all that came so far as read: it was about something else."""
        self._seen |= self._new().keys()

    async def reached(self, *addresses: str) -> Mail:
        """Fail unless just one more mail comes to each of `addresses`, and none to anybody else; return one of them."""
        until = asyncio.get_running_loop().time() + _PATIENCE
        while not set(addresses) <= {str(mail["To"]) for mail in self._new().values()}:
            assert asyncio.get_running_loop().time() < until, f"the mail reached {self._to()}, not {sorted(addresses)}"
            await asyncio.sleep(_LOOK_AGAIN)
        assert self._to() == sorted(addresses), f"the mail reached {self._to()}"
        new = self._new()
        self._seen |= new.keys()
        for mail in new.values():
            said = _without_its_reader(mail)
            self._first = self._first or said
            assert said == self._first, said
        mail = next(iter(new.values()))
        text = mail.get_body(("plain",))
        assert text is not None
        return Mail(str(mail["To"]), NEUTRAL, str(text.get_content()))

    def nobody_else(self) -> None:
        """Fail if another one came."""
        assert self._to() == [], f"the mail reached {self._to()}"

    def _to(self) -> list[str]:
        return sorted(str(mail["To"]) for mail in self._new().values())

    def _new(self) -> dict[str, EmailMessage]:
        """Return the mails that were not read yet, by their files."""
        found = {}
        for path in (self.town.folder / "data" / "mailbox").glob("*.eml"):
            if path.stem in self._seen:
                continue
            mail = BytesParser(EmailMessage, policy=policy.default).parsebytes(path.read_bytes())
            if mail["Subject"] == NEUTRAL and str(mail["To"]).endswith(self.ending):
                found[path.stem] = mail
            else:
                self._seen.add(path.stem)
        return found


def _without_its_reader(mail: EmailMessage) -> tuple[object, ...]:
    """Return all of a mail but for whose it is, when it came, and what is drawn at random."""
    headers = sorted((name, str(text)) for name, text in mail.items() if name not in _OF_THE_READER)
    return (headers, [(part.get_content_type(), part.get_content()) for part in mail.iter_parts()])


@dataclass(frozen=True)
class Told:
    """What somebody reports: of whom, what they are, what it is about, and what happened.

    The answers to the questions of a report that comes with nothing special are given.
    """

    school: str
    name: str
    what_they_are: str
    topic: str
    story: str
    danger: str = "No"
    involved: str = "None of them"
    images: str = "No"
    at_risk: str = "Yes"


async def report(one: Somebody, told: Told) -> None:
    """Answer every page of a report, from the first to the one that asks how to report."""
    await one.choose(told.school, told.danger)
    await one.press("Continue")
    if told.danger != "No":
        await one.says("Telephone first", "999")
        await one.press("Continue")
    await one.choose(told.involved)
    await one.press("Continue")
    await one.choose(told.images)
    await one.press("Continue")
    if told.images != "No":
        await one.says("Tell the police first", "Do not view it, copy it, print it, share it, store it or save it.")
        await one.press("Continue")
    await one.choose(told.at_risk)
    await one.press("Continue")
    await one.type("Name, as far as you know it", told.name)
    await one.choose(told.what_they_are)
    await one.press("Continue")
    await one.choose(told.topic)
    await one.type("What happened?", told.story)
    await one.press("Continue")
    await one.press("Continue")


async def send(one: Somebody, told: Told, how: str, *seen: str) -> str:
    """Choose how to report, check all answers, those `seen` among them, send them, and return the code."""
    await one.choose(how)
    await one.press("Continue")
    await one.says("Check your answers", told.name, told.story, *seen)
    await one.press("Send the report")
    await one.says("Your report was taken", "Write down this code now")
    return await one.page.inner_text("#code")


async def reads_with(one: Somebody, code: str) -> None:
    """Come back with the code of a report, typed as somebody wrote it down."""
    await one.open("/report/receipt")
    await one.type("Your code", code.lower().replace("-", " "))
    await one.press("Go on")
    await one.says("Your messages")


async def writes_with(one: Somebody, code: str, text: str) -> None:
    """Come back with the code of a report, and write to whoever sees to it."""
    await reads_with(one, code)
    await one.type("Write to whoever sees to your report", text)
    await one.press("Send the message")
    await one.says(text)


async def comes(town: Town, address: str, mail: Mail, *, scripts: bool = True) -> Somebody:
    """Return somebody who followed the link of the neutral mail, signed in on the way, and is at their tasks."""
    one = await town.sign_in(address, scripts, at=mail.link)
    await one.says("My tasks", "Confidential")
    return one


async def turn_to(one: Somebody, title: str) -> None:
    """Go from the page of a case to what is called `title` there, as a button or as a link."""
    is_button = await one.page.get_by_role("button", name=title, exact=True).count()
    await (one.press(title) if is_button else one.follow(title))


async def record(
    one: Somebody,
    title: str,
    *chosen: str,
    typed: Mapping[str, str] | None = None,
    dates: Mapping[str, str] | None = None,
) -> None:
    """Put an entry on record from the page of the case, and come back to it."""
    await fill_in(one, title, *chosen, typed=typed, dates=dates)
    await one.press("Put it on record")
    await one.says("It is on record")
    await one.press("Go on to the case", again=True)


async def fill_in(
    one: Somebody,
    title: str,
    *chosen: str,
    typed: Mapping[str, str] | None = None,
    dates: Mapping[str, str] | None = None,
) -> None:
    """Fill in the form of an entry, and see the answers once more; nothing is on record yet.

    What is `typed` stands after what the form has there already: the draft of a letter, with its brackets filled in.
    """
    await turn_to(one, title)
    await one.choose(*chosen)
    answers = {label: _BLANK.sub("ten", await one.typed(label)) + text for label, text in (typed or {}).items()}
    for label, text in answers.items():
        await one.type(label, text)
    for label, day in (dates or {}).items():
        await one.type_date(label, day)
    await one.press("Continue")
    await one.says(
        "Check your answers", "Nothing is on record yet.", *(" ".join(text.split()) for text in answers.values())
    )
