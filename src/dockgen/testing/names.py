"""Names that the pytest plugin and what starts pytest have to agree on."""

# The property that names a test's case.
CASE_PROPERTY = "dockgen_case"


def compose_prefix(run: str) -> str:
    """How the names of all compose projects begin that a run of pytest makes."""
    return f"dockgen-test-{run[:8]}-"
