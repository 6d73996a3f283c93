"""Hostile answers, targets and machines."""

import pytest

# These assert for the tests, and are to say what differs as tests do.
pytest.register_assert_rewrite("tests.hostile.plain", "tests.hostile.shape")
