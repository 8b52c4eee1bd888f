"""Mail: made from its template at the moment it is sent, so that a link's token is nowhere but in it."""

import hashlib
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Final, Literal

import aiosmtplib
import structlog
from temporalio import activity
from temporalio.client import Client
from temporalio.common import ActivityIDConflictPolicy, RetryPolicy
from temporalio.exceptions import ApplicationError

from activities.writing import Writer
from domain.mails import PersonalMail
from domain.names import SEND_MAIL, TASK_QUEUE
from domain.people import Person
from store import mails, people
from store.database import Database
from templates import RenderedMail

log = structlog.get_logger()

_PATIENCE: Final = 10.0
_PERMANENT: Final = 500


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
        """
        connection = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            timeout=_PATIENCE,
            use_tls=self.tls == "tls",
            start_tls=self.tls == "starttls",
            tls_context=ssl.create_default_context() if self.tls != "none" else None,
            username=self.username,
            password=self.password,
        )
        try:
            async with connection:
                yield connection
        except aiosmtplib.SMTPConnectError as lost:
            raise OSError(*lost.args) from lost


class AddressRefusedError(Exception):
    """The mail server refused an address for good."""


@dataclass(frozen=True)
class Post:
    """The post office: sends what is queued, and leaves what it cannot send to jobs of Temporal's."""

    db: Database
    client: Client
    smtp: Smtp
    writer: Writer
    clock: Callable[[], datetime]

    async def send_or_leave(self, mail_ids: Sequence[str]) -> None:
        """Send the queued mails over one connection; leave those that do not go now to jobs that keep trying."""
        waiting = list(mail_ids)
        if not waiting:
            return
        try:
            async with self.smtp.connected() as connection:
                while waiting:
                    await self._send(waiting[0], connection)
                    waiting.pop(0)
        except (OSError, aiosmtplib.SMTPException) as error:
            log.warning("mail_left_to_retry", mails=waiting, why=type(error).__name__)
        for mail_id in waiting:
            await self._leave(mail_id)

    @activity.defn(name=SEND_MAIL)
    async def send_mail(self, mail_id: str) -> None:
        """Send one queued mail; a mail that was sent, dropped or refused is left alone.

        Raises:
            OSError: the server cannot be reached (retried).
            SMTPException: the server did not take it for now (retried).
        """
        async with self.smtp.connected() as connection:
            await self._send(mail_id, connection)

    @activity.defn(name="mail_person")
    async def mail_person(self, mail: PersonalMail) -> None:
        """Send a mail that is no part of a case.

        Raises:
            ApplicationError: the address was refused for good (not retried).
            OSError: the server cannot be reached (retried).
        """
        async with self.db.read() as session:
            person = await people.person(session, mail.person)
        if person is None or not person.is_active(self.clock().date()):
            return
        try:
            async with self.smtp.connected() as connection:
                await self._hand_over(connection, person, self.writer.personal(mail, person), mail.id, None)
        except AddressRefusedError:
            raise ApplicationError("address refused", type="AddressRefused", non_retryable=True) from None

    async def _leave(self, mail_id: str) -> None:
        await self.client.start_activity(
            SEND_MAIL,
            mail_id,
            id=f"mail-{mail_id}",
            task_queue=TASK_QUEUE,
            id_conflict_policy=ActivityIDConflictPolicy.USE_EXISTING,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=10)),
        )

    async def _send(self, mail_id: str, connection: aiosmtplib.SMTP) -> None:
        async with self.db.write() as session:
            row = await mails.queued(session, mail_id)
            written = await self.writer.of_case(session, row, self.clock()) if row else None
            if row is not None and written is None:
                await mails.mark_dropped(session, mail_id, self.clock())
        if row is None or written is None:
            return
        try:
            digest = await self._hand_over(connection, written.person, written.mail, mail_id, written.thread)
        except AddressRefusedError:
            log.warning("mail_refused", mail=mail_id, case=row.case)
            async with self.db.write() as session:
                await mails.mark_refused(session, mail_id, self.clock())
            return
        log.info("mail_sent", mail=mail_id, case=row.case, template=row.template)
        async with self.db.write() as session:
            await mails.mark_sent(session, mail_id, self.clock(), digest)

    async def _hand_over(
        self, connection: aiosmtplib.SMTP, person: Person, mail: RenderedMail, mail_id: str, thread: str | None
    ) -> str:
        message = self._message(person, mail, mail_id, thread)
        try:
            await connection.send_message(message)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            if all(recipient.code >= _PERMANENT for recipient in refused.recipients):
                raise AddressRefusedError from None
            raise
        except aiosmtplib.SMTPResponseException as answer:
            if answer.code >= _PERMANENT:
                raise AddressRefusedError from None
            raise
        return hashlib.sha256(message.as_bytes()).hexdigest()

    def _message(self, person: Person, mail: RenderedMail, mail_id: str, thread: str | None) -> EmailMessage:
        """Return the message; its id comes from the mail's, so that a mail sent twice is seen once."""
        host = self.smtp.sender.partition("@")[2]
        message = EmailMessage()
        message["From"] = f"Duly <{self.smtp.sender}>"
        message["To"] = person.email
        message["Subject"] = mail.subject
        message["Message-ID"] = f"<{mail_id}@{host}>"
        message["Auto-Submitted"] = "auto-generated"
        if thread is not None:
            message["References"] = f"<{thread}@{host}>"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message
