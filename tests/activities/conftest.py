"""The Temporal that tests of activities run on: the same as that of processes."""

from tests.workflows.conftest import environment

__all__ = ["environment"]
