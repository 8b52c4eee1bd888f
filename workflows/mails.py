"""The names of the mails that a case sends, as the templates have them."""

from typing import Final

ASK_MAIL: Final = "ask"
REMINDER_MAIL: Final = "reminder"
ESCALATION_MAIL: Final = "escalation"
CHANGES_MAIL: Final = "changes"
RECEIPT_MAIL: Final = "receipt"
CHANGED_MAIL: Final = "request_changed"
DISPUTED_MAIL: Final = "disputed"
QUESTIONED_MAIL: Final = "questioned"
HELD_MAIL: Final = "held"
ASIDE_MAIL: Final = "stepped_aside"
RELEASED_MAIL: Final = "released"
CANCELLED_MAIL: Final = "outcome_cancelled"
MOVED_MAIL: Final = "due_moved"
NEUTRAL_MAIL: Final = "neutral"
"""The one mail of confidential cases: it says that something waits, and nothing else."""
