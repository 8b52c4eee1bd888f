"""What is replied again and again to what people do."""

from typing import Final

from domain.cases import Reply

DONE: Final = Reply(says="done")
CLOSED: Final = Reply(says="closed")
HELD: Final = Reply(says="held")
INCOMPLETE: Final = Reply(says="incomplete")
NOT_OFFERED: Final = Reply(says="not_offered")
