"""The names of things on Temporal; they say nothing of what a case is about."""

from typing import Final

TASK_QUEUE: Final = "duly"
WORKFLOW: Final = "case"
ACT: Final = "act"
PUBLISH: Final = "publish"
SEND_MAIL: Final = "send_mail"
MAIL_PERSON: Final = "mail_person"
MAIL_CHECKPOINT: Final = "mail_checkpoint"
TELL_WEBHOOK: Final = "tell_webhook"
