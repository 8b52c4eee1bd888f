"""Every call of the interface, and the one route that anybody reaches: the document that describes them."""

from typing import Final

from starter.api import answering, cases, hooks, processes, starting
from starter.api.calls import Call
from starter.api.openapi import openapi
from starter.web.page import Page

CALLS: Final[tuple[Call, ...]] = (
    *processes.CALLS,
    *starting.CALLS,
    *cases.CALLS,
    *answering.CALLS,
    *hooks.CALLS,
)
"""Every call."""

PAGES: Final = (Page("/api/v1/openapi.json", openapi, ("GET",), "anyone"), *(call.page for call in CALLS))
"""The same as routes of the site."""
