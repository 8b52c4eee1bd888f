"""The base of every shape in Duly."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value: it never changes, and it accepts no key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
