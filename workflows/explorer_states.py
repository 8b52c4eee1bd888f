"""What two plays have in common: the state of a case, in which the same moves lead to the same things.

A state is all that a case can still look at: where its story and its strands stand, with what they hold; whom its open
asks reach, and which answers still count; who may do nothing more in it; what each rule, task and count still has to
know of the past; what the story itself has looked up; and in which order what is to come by itself will come. Two plays
with the same state are one. Left out are how often somebody was reminded, how many days are left before something comes
(their order stays), the words of entries, and numbers of events, asks and versions.

Why it is sound to look into the story's frames: a story keeps what it knows in its own locals and in its case, and
nowhere else; whatever is found there and not understood here is an error, never a guess.
"""

from collections.abc import Callable, Coroutine, Hashable, Sequence
from datetime import datetime
from enum import Enum
from inspect import CO_VARARGS
from types import CodeType, CoroutineType, FunctionType, GeneratorType, MethodType
from typing import Any, Final, NamedTuple

from domain.allegations import Matter
from domain.base import Frozen
from domain.cases import Opening
from domain.entries import (
    AllegationAdded,
    Entry,
    HearingCalled,
    InvestigatorAppointed,
    OutcomeRecorded,
    SafeguardingConcernRaised,
    SubjectCorrected,
)
from domain.events import AnyEvent, Approved, DatePassed, DecisionDisputed, HoldReleased, RequestUnfit, Returned
from domain.order import about, matches
from domain.pack import (
    Before,
    Changes,
    DifferentPeople,
    EventMatch,
    NotBetween,
    Permitted,
    Process,
    Reviews,
    Step,
    Task,
)
from workflows.ask import Ask
from workflows.case import Case, Host, Wait
from workflows.explorer import Playing
