"""The pages of confidential cases, for those who see to them.

Every one of them asks first to confirm that it is you, and answers a case that is not yours as one that is not there.
"""

from typing import Final

from starter.web.confidential import emergencies, lists, recording, seeing, stepping

PAGES: Final = (
    # Before the page of a case, whose address looks alike.
    *emergencies.PAGES,
    *lists.PAGES,
    *seeing.PAGES,
    *recording.PAGES,
    *stepping.PAGES,
)
"""Every route of confidential cases, but for the report that begins one."""
