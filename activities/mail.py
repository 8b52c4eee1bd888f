"""Mail: handed to the mail server, and noted; what does not go at once is left to a job that keeps trying."""

import asyncio
import hashlib
import quopri
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.policy import compat32
from functools import cache
from typing import Final, Literal

import aiosmtplib
import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.jobs import Jobs
from activities.people import People
from activities.writing import TELL_FIRST, Letter, Writer, is_needed, told_since
from domain.calendar import local_day
from domain.cases import Act
from domain.evidence import LINK, text_digest
from domain.mails import NEUTRAL, PersonalMail
from domain.names import MAIL_PERSON, SEND_MAIL
from store import mails, people
from store.database import Database
from store.tables import MailRow
from templates import RenderedMail, mail_source

log = structlog.get_logger()

_PATIENCE: Final = 10.0
_PERMANENT: Final = 500
_WHO_SENDS: Final = frozenset({530, 534, 535, 538})
"""What a mail server answers that wants whoever sends to sign in, or to sign in otherwise."""

_LINES: Final = compat32.clone(linesep="\r\n")
_LONGEST_LINE: Final = 78

# What stands between the parts of a mail no part in quoted-printable can hold, so it is the same in all.
_KIND: Final = b'Content-Type: multipart/alternative; boundary="=_duly"\r\nMIME-Version: 1.0\r\n'
_PART: Final = (
    b"\r\n--=_duly\r\n"
    b'Content-Type: text/%s; charset="utf-8"\r\n'
    b"MIME-Version: 1.0\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
)
_END: Final = b"\r\n--=_duly--\r\n"


@dataclass(frozen=True)
class Smtp:
    """The mail server, and the address that mail comes from."""

    host: str
    port: int
    tls: Literal["none", "starttls", "tls"]
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """Yield a connection, encrypted unless the settings allow otherwise.

        Raises:
            OSError: the server cannot be reached.
            SMTPException: the server does not want to talk.
        """
        connection = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            local_hostname=_own_name(),
            timeout=_PATIENCE,
            use_tls=self.tls == "tls",
            start_tls=self.tls == "starttls",
            tls_context=_trusted() if self.tls != "none" else None,
            username=self.username,
            password=self.password,
        )
        async with connection:
            yield connection

    def message(self, letter: Letter, text: RenderedMail | None = None) -> bytes:
        """Return the whole message; its id comes from the mail's, so that a mail sent twice is seen once.

        `text` is what the letter says, where that is known.
        """
        host = self.sender.partition("@")[2]
        text = text or letter.text()
        headers = {
            "From": f"Duly <{self.sender}>",
            "To": letter.person.email,
            "Subject": text.subject,
            "Message-ID": f"<{letter.id}@{host}>",
            "Auto-Submitted": "auto-generated",
        }
        if letter.thread is not None:
            headers["References"] = f"<{letter.thread}@{host}>"
        # Put together here: the standard library's classes for it take three times as long, its parser ten times.
        said = [_KIND, *(_header(name, _one_line(value)) for name, value in headers.items())]
        for words, kind in ((text.text, b"plain"), (text.html, b"html")):
            said += [_PART % kind, quopri.encodestring(words.encode()).replace(b"\n", b"\r\n")]
        return b"".join([*said, _END])


@cache
def _trusted() -> ssl.SSLContext:
    """Return what says whom to trust, read once: it takes longer to read than a mail to send."""
    return ssl.create_default_context()


@cache
def _own_name() -> str:
    """Return what this machine calls itself to a mail server, asked for once: a slow resolver would hold up all."""
    return socket.getfqdn()


def _header(name: str, value: str) -> bytes:
    """Return a header as it is where it is plain and short, and otherwise encoded and folded."""
    plain = f"{name}: {value}"
    if plain.isascii() and len(plain) <= _LONGEST_LINE and value == value.strip():
        return plain.encode() + b"\r\n"
    return _LINES.fold_binary(name, value)


def _one_line(value: str) -> str:
    """Return `value`.

    Raises:
        ValueError: it would begin another header.
    """
    if len(value.splitlines()) > 1:
        msg = "a header of a mail has more than one line"
        raise ValueError(msg)
    return value


@dataclass(frozen=True)
class Taken:
    """What the mail server took: the digest of the whole message, and what it was made of where it is of one case."""

    digest: str
    made_of: mails.MadeOf | None


@dataclass(frozen=True)
class Post:
    """The post office: hands letters to the mail server, and leaves what does not go to jobs of Temporal's."""

    db: Database
    smtp: Smtp
    people: People
    writer: Writer
    jobs: Jobs
    clock: Callable[[], datetime]
    _kept: set[str] = field(default_factory=set)

    async def deliver(self, letters: Sequence[Letter]) -> None:
        """Hand over `letters`, one connection for all; leave those that do not go now to jobs that keep trying.

        A slow mail server holds up no case: what has not gone within some seconds is left to them too, and so is what
        is late by a day where the time to answer runs from being told: a job tells the case of it.
        """
        today = local_day(self.clock())
        late = [letter for letter in letters if letter.told_since is not None and local_day(letter.told_since) < today]
        waiting = [letter for letter in letters if letter not in late]
        sent: dict[str, Taken | None] = {}
        gives_up_at = asyncio.get_running_loop().time() + _PATIENCE
        try:
            async with self.smtp.connected() as connection:
                while waiting and asyncio.get_running_loop().time() < gives_up_at:
                    sent[waiting[0].id] = await self._hand_over(connection, waiting[0])
                    waiting.pop(0)
        except (OSError, aiosmtplib.SMTPException) as error:
            log.warning("mail_left_to_retry", mails=[letter.id for letter in waiting], why=type(error).__name__)
        if sent:
            await self._note(sent)
        for letter in (*waiting, *late):
            await self.jobs.send_mail(letter.id)

    @activity.defn(name=SEND_MAIL)
    async def send_mail(self, mail_id: str) -> None:
        """Send one queued mail; a mail that was sent, dropped or refused is left alone.

        Where somebody's time to answer runs from being told, the case learns when they were: of what a digest stands
        for, when that went.

        Raises:
            OSError: the server cannot be reached (retried).
            RPCError: Temporal cannot be reached (retried).
            SMTPException: the server did not take it this time (retried).
        """
        at = self.clock()
        async with self.db.write() as session:
            row = await mails.queued(session, mail_id)
            letter = await self._letter(session, row, at) if row is not None else None
            if row is not None and letter is None:
                await mails.mark_dropped(session, [mail_id], at)
        if letter is not None:
            async with self.smtp.connected() as connection:
                taken = await self._hand_over(connection, letter)
            await self._note(dict.fromkeys((mail_id, *letter.gathered), taken))
        async with self.db.read() as session:
            told = [mail_id, *await mails.sent_with(session, mail_id)]
        for one in told:
            await self._tell(one)

    @activity.defn(name=MAIL_PERSON)
    async def mail_person(self, mail: PersonalMail) -> None:
        """Send a mail that is no part of a case; to somebody who has left, nothing is sent.

        Raises:
            ApplicationError: the address was refused for good (not retried).
            OSError: the server cannot be reached (retried).
            SMTPException: the server did not take it this time (retried).
        """
        async with self.db.read() as session:
            person = await people.person(session, mail.person)
        if person is None or not person.is_active(self.clock().date()):
            return
        if mail.address is not None:
            person = person.model_copy(update={"email": mail.address})
        async with self.smtp.connected() as connection:
            if await self._hand_over(connection, self.writer.personal(mail, person)) is None:
                raise ApplicationError("address refused", type="AddressRefused", non_retryable=True)  # noqa: EM101 -- a code

    async def neutral(self, session: AsyncSession, rows: Sequence[MailRow], at: datetime) -> list[Letter]:
        """Return the neutral mails of `rows`, and note as dropped those to somebody who has left."""
        letters, dropped = [], []
        for row in rows:
            person = await people.person(session, row.person)
            if person is not None and person.is_active(local_day(at)):
                letters.append(self.writer.neutral(row, person))
            else:
                dropped.append(row.id)
        if dropped:
            await mails.mark_dropped(session, dropped, at)
        return letters

    async def _letter(self, session: AsyncSession, row: MailRow, at: datetime) -> Letter | None:
        if row.template == mails.DIGEST:
            return await self._digest(session, row, at)
        if row.template == NEUTRAL:
            return next(iter(await self.neutral(session, [row], at)), None)
        found = await self.people.case_file(session, row)
        return await self.writer.of_case(session, row, *found, at) if found is not None else None

    async def _digest(self, session: AsyncSession, row: MailRow, at: datetime) -> Letter | None:
        """Return what stands for the mails that are put by for a person; None where none of them is needed now."""
        titles: dict[str, str] = {}
        organisation = ""
        for one in await mails.gathered(session, row.person):
            found = await self.people.case_file(session, one)
            if found is None or not is_needed(one, *found, at):
                await mails.mark_dropped(session, [one.id], at)
            else:
                titles[one.id] = found[0].request.title
                organisation = found[0].pack.organisation.name
        person = await people.person(session, row.person)
        return self.writer.digest(row, person, organisation, titles) if person is not None and titles else None

    async def _tell(self, mail_id: str) -> None:
        """Tell the case that its ask was delivered, if the clock of the ask runs from then."""
        async with self.db.read() as session:
            row = await mails.mail(session, mail_id)
            if row is None or row.template not in TELL_FIRST or row.sent_at is None:
                return
            found = await self.people.case_file(session, row)
        if found is not None and told_since(row, *found) is not None:
            told = Act(kind="told", person="duly", how="duly", ask=row.ask, at=row.sent_at)
            await self.jobs.act(found[0].opening.case, told)

    async def _note(self, sent: Mapping[str, Taken | None]) -> None:
        """Note what became of mails, and keep the templates that they were made from, each once."""
        made_of = {mail_id: taken.made_of for mail_id, taken in sent.items() if taken and taken.made_of}
        new = [made for made in made_of.values() if made.source_digest not in self._kept]
        digests = {mail_id: taken.digest if taken else None for mail_id, taken in sent.items()}
        async with self.db.write() as session:
            await mails.keep_templates(session, new)
            await mails.mark_handed_over(session, digests, self.clock(), made_of)
        self._kept.update(made.source_digest for made in new)

    async def _made_of(self, letter: Letter, text: RenderedMail) -> mails.MadeOf | None:
        """Return what a mail of a case was made of, so that its text can be made again without its link."""
        if letter.case is None:
            return None
        source_digest, source = mail_source(letter.template)
        link, sealer = letter.context.link, await self.people.keys.of(letter.case)
        blanked = (part.replace(link, LINK) for part in (text.subject, text.text, text.html))
        return mails.MadeOf(
            template=letter.template,
            source_digest=source_digest,
            source=source,
            sealed_parameters=mails.seal_parameters(
                sealer, letter.id, letter.context.model_dump(mode="json", exclude={"link", "code"})
            ),
            text_digest=text_digest(*blanked),
        )

    async def _hand_over(self, connection: aiosmtplib.SMTP, letter: Letter) -> Taken | None:
        """Return what the server took, or None where it refused the address for good."""
        text = letter.text()
        message = self.smtp.message(letter, text)
        try:
            await connection.sendmail(self.smtp.sender, [letter.person.email], message)
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as answer:
            if not for_good(answer):
                raise
            log.warning("mail_refused", mail=letter.id)
            return None
        log.info("mail_sent", mail=letter.id)
        return Taken(hashlib.sha256(message).hexdigest(), await self._made_of(letter, text))


def for_good(answer: aiosmtplib.SMTPException) -> bool:
    """Return whether the server refuses the address, and will for ever.

    That it wants to know first who sends, or does not take mail from this sender, says nothing of the address: the
    settings are to be put right, and the mail goes then.

    Source: RFC 5321, 4.2; RFC 4954, 6.
    """
    if isinstance(answer, aiosmtplib.SMTPRecipientsRefused):
        return all(map(_of_the_address, (one.code for one in answer.recipients)))
    if isinstance(answer, aiosmtplib.SMTPSenderRefused) or not isinstance(answer, aiosmtplib.SMTPResponseException):
        return False
    return _of_the_address(answer.code)


def _of_the_address(code: int) -> bool:
    return code >= _PERMANENT and code not in _WHO_SENDS
