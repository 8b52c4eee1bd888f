"""Which story runs a process."""

from typing import Final

from workflows.acknowledgement import Acknowledgement
from workflows.allegation import AllegationReferral
from workflows.disciplinary import Disciplinary
from workflows.question import Question
from workflows.review import Review
from workflows.signature import Signing
from workflows.site_creation import SiteCreation
from workflows.site_life import SiteLife
from workflows.strands import Story

STORIES: Final[dict[str, type[Story]]] = {
    "site_creation": SiteCreation,
    "site_life": SiteLife,
    "review": Review,
    "acknowledgement": Acknowledgement,
    "signature": Signing,
    "question": Question,
    "allegation": AllegationReferral,
    "disciplinary": Disciplinary,
}
