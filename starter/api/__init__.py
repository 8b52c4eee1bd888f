"""The interface for programs, `/api/v1`: what a person may do on the pages, with a token of theirs, as JSON."""

import starter.web  # noqa: F401 -- first, however one comes here: the routes of the interface are among the pages
