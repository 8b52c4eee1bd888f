"""The plain pages that say what went wrong and what to do; they tell nothing else."""

from dataclasses import dataclass
from typing import Final

from starlette.responses import HTMLResponse, Response

import templates
from starter.api.problems import is_for_programs, problem
from starter.web.page import frame
from starter.web.reporting.numbers import is_of_a_report, numbers_of
from starter.web.site import Site


@dataclass(frozen=True)
class Trouble:
    """What an error page says: what is the matter, and what to do."""

    title: str
    advice: str


TROUBLES: Final = {
    400: Trouble("That could not be read", "Go back to the page, check what you typed and send it again."),
    401: Trouble("You are signed out", "This was not saved. Sign in again, then fill in the page once more."),
    403: Trouble("You cannot do that here", "Go to the start page and try again from there."),
    404: Trouble("Page not found", "Check the address, or go to the start page and look for it there."),
    405: Trouble("That does not work here", "Go to the start page and try again from there."),
    421: Trouble("This is not the address of Duly", "Use the address that your school gave you."),
    422: Trouble("That could not be read", "Go back to the page, check what you typed and send it again."),
    429: Trouble("Too many tries", "Wait a few minutes, then try again."),
    500: Trouble(
        "Something went wrong", "Nothing you did. Try again in a minute; if it happens again, tell us the code."
    ),
    503: Trouble("Duly cannot do that just now", "Nothing was recorded. Go back and try again in a minute."),
}


def error_page(site: Site, status: int, *, here: str = "", request_id: str = "") -> Response:
    """Return the page for `status`; the same for whoever asks and whatever exists. A program gets it as JSON."""
    if is_for_programs(here):
        return problem(status)
    trouble = TROUBLES.get(status, TROUBLES[500])
    around = frame(site, here, None)
    # Whoever was about to report something is never left without whom to telephone.
    numbers = numbers_of(site.packs.values()) if is_of_a_report(here) else ()
    page = templates.page("error.html", frame=around, trouble=trouble, request_id=request_id, numbers=numbers)
    return HTMLResponse(page, status)
