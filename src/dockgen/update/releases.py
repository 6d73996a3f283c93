"""Choose a release of a template, compare two, and report one that isn't available."""

from collections.abc import Sequence

from packaging.version import Version

from dockgen.bundle import Manifest
from dockgen.errors import ProjectError, UsageError


def target(manifest: Manifest, to: str | None) -> str:
    """Return the release to update to: ``to``, with or without its v, or the newest.

    Raises:
        UsageError: the release ``to`` is unknown.
    """
    releases = [release.version for release in manifest.releases]
    wanted = releases[-1] if to is None else to if to.startswith("v") else f"v{to}"
    if wanted not in releases:
        raise UsageError(
            f"this dockgen doesn't have the templates {wanted}",
            f"releases: {', '.join(releases)}",
        )
    return wanted


def unknown(
    words: str, version: str, releases: Sequence[str], *, brings: str, mend: str
) -> ProjectError:
    """Return the error for a version that isn't available.

    Args:
        words: what uses which version.
        version: that version.
        releases: the available ones, oldest first.
        brings: what to use to get them.
        mend: what to do if it isn't a release; ``{nearest}`` in it is the release before it.
    """
    try:
        found = Version(version)
        if found > Version(releases[-1]):
            return ProjectError(
                f"{words}, but the newest in {brings} is {releases[-1]}",
                "get a newer dockgen: git pull in its clone, then pipx install --force .",
            )
        older = [release for release in releases if Version(release) <= found]
    except ValueError:  # InvalidVersion, and numbers with too many digits
        older = []
    nearest = older[-1] if older else releases[0]
    return ProjectError(f"{words}, which isn't a release", mend.format(nearest=nearest))


def is_behind(manifest: Manifest, before: str, after: str) -> bool:
    """Return whether the templates differ: a release may change only the program."""
    trees = {release.version: release.tree for release in manifest.releases}
    return trees[before] != trees[after]
