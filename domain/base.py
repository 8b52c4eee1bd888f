"""The base of every shape in Duly."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
"""What a pack calls something that others refer to."""

How = Literal["link", "session", "receipt", "token", "duly"]
"""How somebody was known: by the link of a mail, by a signed-in session, by the code that a reporter was given, by the
token of a program of theirs; or it was Duly itself."""


class Frozen(BaseModel):
    """A value: it never changes, and it accepts no key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
