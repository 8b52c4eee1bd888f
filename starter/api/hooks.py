"""What webhooks were not told, for a program that was away for longer than they are tried."""

from typing import Final

from domain.access import allow
from domain.calendar import local_day
from starter.api.calls import Call
from starter.api.problems import ProblemError
from starter.api.shapes import ReadWebhook, Undelivered, Webhooks
from starter.web.page import Visit
from store import webhooks


async def list_webhooks(visit: Visit, body: None) -> Webhooks:
    """Return the webhooks, and what each was not told within three days; for administrators and services."""
    del body
    if not allow(visit.viewer, "list_all"):
        raise ProblemError(403, "administrators", "Only administrators and services see webhooks")
    ours = visit.viewer.organisation
    async with visit.site.db.read() as session:
        hooks = await webhooks.webhooks_of(session, ours)
        failed = await webhooks.failed(session, ours)
    return Webhooks(
        webhooks=tuple(
            ReadWebhook(
                id=hook.id,
                address=hook.address,
                kinds=tuple(hook.kinds.split()),
                made_on=local_day(hook.made_at),
                undelivered=tuple(
                    Undelivered(**webhooks.told_by(row).model_dump(), said=row.said)
                    for row in failed
                    if row.webhook == hook.id
                ),
            )
            for hook in hooks
        )
    )


CALLS: Final = (Call("GET", "/api/v1/webhooks", list_webhooks, "webhooks", Webhooks),)
