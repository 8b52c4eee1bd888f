"""Which documents the subjects of a disciplinary case had signed on the day of what is alleged."""

from dataclasses import dataclass

from domain.calendar import end_of
from starter.web.confidential.knowing import InConfidence
from starter.web.page import Visit
from store.confidential.signed import SignedVersion, signed_by


@dataclass(frozen=True)
class SignedBySubject:
    """A subject, and what they had signed; `known` is whether they are somebody of the directory."""

    name: str
    known: bool
    versions: tuple[SignedVersion, ...]


async def signed_by_subjects(visit: Visit, known: InConfidence) -> tuple[SignedBySubject, ...]:
    """Return what each subject had signed on the day; where nobody knows the day, all that they ever signed.

    A case of another kind says nothing of it.

    Source: Redhill, appendix 1 (ACK-09).
    """
    if known.opening.process.story != "disciplinary":
        return ()
    day = known.matter.happened_on
    until = end_of(day) if day is not None else None
    found = []
    async with visit.site.db.read() as session:
        for subject in known.matter.subjects:
            person = subject.person
            versions = await signed_by(session, person, until) if person is not None else ()
            found.append(SignedBySubject(subject.name, person is not None, tuple(versions)))
    return tuple(found)
