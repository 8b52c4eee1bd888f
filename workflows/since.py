"""What a case does otherwise since a later version of Duly: one that runs asks `case.since` before it does so.

A history that was recorded before goes on as it was told. The names say nothing of what a case is about: Temporal
keeps them in clear.
"""

from typing import Final

GOES_ON: Final = "0.5.0/1"
"""The life of a site begins again before it has taken more acts than Temporal takes."""

APART: Final = "0.5.0/2"
"""Whoever steps aside from one change of a site may decide the next."""

WHO_DRAFTED: Final = "0.5.0/3"
"""A rule that keeps drafting apart from approving is kept, whatever numbers the versions have."""

OPENED_FIRST: Final = "0.6.0/1"
"""Nobody signs before they have opened what has to be opened first, whatever door they come by."""

REFUSED: Final = "0.6.0/2"
"""A seat whose refusal to sign beside everybody was not its own can be asked again."""
