"""Whom to telephone: on every page of a report, and on every page that says that something went wrong there."""

from collections.abc import Collection
from typing import Final

from domain.pack import Contact, Pack

PATH: Final = "/report"
_ORDER: Final = ("police", "lado", "social_care", "mast", "nspcc", "childline", "ceop")
_POLICE: Final = Contact(key="police", title="Police", phone="999, or 101 when nobody is in danger")


def numbers_of(packs: Collection[Pack]) -> tuple[Contact, ...]:
    """Return whom to telephone about a child, those who come at once first; each number once.

    Of several organisations, those without a number are left out: which of them it is about is not known yet.
    """
    known = (contact for pack in packs for contact in pack.contacts if contact.key in _ORDER)
    everybody = [_POLICE, *(contact for contact in known if contact.phone or len(packs) == 1)]
    given = {contact.key for contact in everybody[1:]}
    return tuple(
        dict.fromkeys(
            contact
            for key in _ORDER
            for contact in everybody
            if contact.key == key and (contact is not _POLICE or key not in given)
        )
    )


def is_of_a_report(path: str) -> bool:
    """Return whether `path` is that of a page on which somebody reports."""
    return path == PATH or path.startswith(f"{PATH}/")
