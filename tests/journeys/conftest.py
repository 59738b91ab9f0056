"""A degraded prompt, made once and copied for every journey."""

import shutil

import pytest

from library.store.stores import open_library
from tests.journeys import world
from tests.journeys.project import Project, opened


@pytest.fixture(scope="session")
def degraded(tmp_path_factory):
    """A folder with nine days of traffic and one open incident."""
    root = tmp_path_factory.mktemp("degraded")
    project = opened(root)
    project.library.db.close()
    return root


@pytest.fixture
def project(degraded, tmp_path):
    """A project of one's own with an open incident on `shop/sort`."""
    root = shutil.copytree(degraded, tmp_path / "project")
    library = open_library(f"sqlite:///{root}/.promptkeeper/library.db")
    yield Project(root=root, library=library, rules=world.rulebook())
    library.db.close()
