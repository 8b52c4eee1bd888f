"""The record of confidential cases: what is written of them, who may read it, and who is to see to it."""

from store.confidential.emergencies import open_in_emergency, propose_opening
from store.confidential.parties import keep_index
from store.confidential.reading import (
    Confidential,
    access_of,
    by_reference,
    for_person,
    has_closed_ones,
    note_read,
    of_person,
    reads_of,
)
from store.confidential.receipts import by_receipt, keep_receipt, receipt_of
from store.confidential.sealed import Emergency, Read
from store.confidential.watching import Health, InCustody, health, in_custody, open_cases
from store.confidential.writing import Written, write

__all__ = [
    "Confidential",
    "Emergency",
    "Health",
    "InCustody",
    "Read",
    "Written",
    "access_of",
    "by_receipt",
    "by_reference",
    "for_person",
    "has_closed_ones",
    "health",
    "in_custody",
    "keep_index",
    "keep_receipt",
    "note_read",
    "of_person",
    "open_cases",
    "open_in_emergency",
    "propose_opening",
    "reads_of",
    "receipt_of",
    "write",
]
