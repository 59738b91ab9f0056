"""The shelf of the search, for steps that can be taken one by one."""

from tests.unit.agent.search.conftest import shelf

__all__ = ["shelf"]
