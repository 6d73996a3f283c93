"""Apps that are tested elsewhere, built with another package manager."""

import pytest

from dockgen.testing.test_contracts import (
    test_builds,
    test_container_holds,
    test_image_holds,
    test_is_within_its_size_limit,
    test_its_own_tests_pass,
)
from tests.variants import BUILDS

__all__ = [
    "test_builds",
    "test_container_holds",
    "test_image_holds",
    "test_is_within_its_size_limit",
    "test_its_own_tests_pass",
]

pytestmark = pytest.mark.parametrize("case", BUILDS, indirect=True, ids=lambda case: case.name)
