"""Retention: sees that the time of a closed confidential case is over, and that nothing is left of one that was erased.

It erases nothing by itself: that takes two custodians.
"""

from datetime import datetime

from activities.jobs import Jobs
from domain.calendar import local_day
from domain.people import Directory
from store.confidential import erasing
from store.confidential.tables import ConfidentialRow
from store.database import Database
from store.keys import CaseKeys


class StillReadError(Exception):
    """Somebody reads an earlier state of the database, so what was deleted may still be beside its file."""


async def look_at(
    db: Database, keys: CaseKeys, jobs: Jobs, row: ConfidentialRow, directory: Directory, at: datetime
) -> None:
    """Tell the custodians of a closed case, once, that its time is over, where no legal hold keeps it.

    Raises:
        RPCError: Temporal did not take a mail; it is left to a job later.
        SQLAlchemyError: the database does not answer; the next look sees to it.
    """
    async with db.read() as session:
        if not await erasing.wants_a_look(session, keys, row, local_day(at)):
            return
    async with db.write() as session:
        told = await erasing.look(session, keys, row.id, directory, at)
    for mail in told:
        await jobs.send_mail(mail.id)


async def leave_nothing(db: Database, keys: CaseKeys, jobs: Jobs, at: datetime) -> None:
    """Delete what Temporal has of cases that were erased, and what is beside the file of the database.

    A key that came back with a backup is destroyed again.

    Raises:
        RPCError: Temporal cannot be reached; the next look sees to it.
        StillReadError: the database is being read; the same.
    """
    async with db.read() as session:
        cases = await erasing.left_somewhere(session)
    if not cases:
        return
    for case in cases:
        keys.forget(case)
        await jobs.forget(case)
    async with db.write() as session:
        await erasing.destroy(session, cases)
    if not await db.leave_no_trace():
        raise StillReadError
    async with db.write() as session:
        await erasing.mark_gone(session, cases, at)
