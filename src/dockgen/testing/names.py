"""Names that the pytest plugin and the process that starts pytest share."""

# The property that names a test's case.
CASE_PROPERTY = "dockgen_case"


def compose_prefix(run: str) -> str:
    """Return the prefix of all compose projects in one run of pytest."""
    return f"dockgen-test-{run[:8]}-"
