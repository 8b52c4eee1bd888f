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

FOR_CHANGES: Final = "0.7.0/1"
"""Administrators have an author who is asked for changes reminded, and give them more time."""

IN_TIME: Final = "0.7.0/2"
"""A day that is put on record, or proposed, has to fit those that are known: of closing, and of a cycle."""

STILL_OPEN: Final = "0.7.0/3"
"""What is overdue is told of again and again, and what somebody looked at and found wanting goes on being asked for."""

TOLD_IN_TURN: Final = "0.7.0/4"
"""Those who see to a signature are told once it is late, in their order, and again; a campaign expects those visitors
of the ones before it who are still here."""
