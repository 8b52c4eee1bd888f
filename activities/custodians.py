"""The checkpoints, mailed to those who keep them where nobody who runs Duly can change them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

import aiosmtplib
import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.jobs import Jobs
from activities.mail import Smtp, for_good
from domain.checkpoints import read
from domain.mails import CheckpointMail
from domain.names import MAIL_CHECKPOINT
from domain.words import day_in_words
from store import checkpoints
from store.database import Database

log = structlog.get_logger()

_STILL_KNOWN: Final = timedelta(days=5)
"""Temporal knows for seven days which mails it has had sent: what is older is not asked for again."""

_SAYS: Final = """\
Keep this mail where nobody who runs the school's computers can change it.
It shows later whether the record of Duly at {base_url}
was changed. There is nothing to do.

{text}
It names no case and nobody, and does not say how many cases there are.

A mail like this comes for every day. Tell the school if one stays away, or
if two with the same number differ. To compare, save the eight lines from
"duly-checkpoint/1" to the signature as a text file; whoever runs Duly calls
"duly audit verify --copies FOLDER" with the folder that it is in.
"""


@dataclass(frozen=True)
class Custodians:
    """Has each checkpoint mailed to each of `addresses`, once. `base_url` says whose record it is."""

    db: Database
    smtp: Smtp
    jobs: Jobs
    clock: Callable[[], datetime]
    base_url: str
    addresses: tuple[str, ...] = ()
    _left: set[str] = field(default_factory=set)

    async def look(self) -> None:
        """Leave the mails of the latest checkpoints to jobs that keep trying.

        Raises:
            RPCError: Temporal did not take one; it is left to it the next time.
            SQLAlchemyError: the database does not answer.
        """
        if not self.addresses:
            return
        async with self.db.read() as session:
            numbers = await checkpoints.taken_since(session, self.clock() - _STILL_KNOWN)
        for mail in (CheckpointMail(n=n, to=to) for n in numbers for to in self.addresses):
            if mail.id not in self._left:
                await self.jobs.mail_checkpoint(mail)
                self._left.add(mail.id)

    @activity.defn(name=MAIL_CHECKPOINT)
    async def mail_checkpoint(self, mail: CheckpointMail) -> None:
        """Send a checkpoint to somebody who keeps them.

        Raises:
            ApplicationError: the address was refused for good (not retried).
            OSError: the server cannot be reached (retried).
            SMTPException: the server did not take it this time (retried).
        """
        async with self.db.read() as session:
            text = await checkpoints.text_of(session, mail.n)
        if text is None:
            # A backup of before was put back: there will be another with that number.
            return
        message = _message(mail, text, self.smtp.sender, self.base_url)
        try:
            async with self.smtp.connected() as connection:
                await connection.sendmail(self.smtp.sender, [mail.to], message)
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as answer:
            if not for_good(answer):
                raise
            log.warning("checkpoint_mail_refused", checkpoint=mail.n)
            raise ApplicationError("address refused", type="AddressRefused", non_retryable=True) from None  # noqa: EM101 -- a code
        log.info("checkpoint_mailed", checkpoint=mail.n)


def _message(mail: CheckpointMail, text: str, sender: str, base_url: str) -> bytes:
    """Return the whole message: plain text, in which the checkpoint stands as it is, line for line."""
    checkpoint, _ = read(text)
    message = EmailMessage()
    message["From"] = f"Duly <{sender}>"
    message["To"] = mail.to
    message["Subject"] = f"Duly: checkpoint {checkpoint.n} of {day_in_words(checkpoint.at.date())}"
    message["Message-ID"] = f"<{mail.id}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_SAYS.format(base_url=base_url, text=text), cte="7bit")
    return message.as_bytes(policy=SMTP)
