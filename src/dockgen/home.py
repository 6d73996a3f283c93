"""The user's own folders for dockgen: settings, caches, journals."""

import os
from collections.abc import Callable
from pathlib import Path

import platformdirs

# Stands for each of them where a user has no home, as in a container that runs as a number: below a
# device nothing lies, and nothing can be made.
MISSING = Path(os.devnull) / "HOME is not set"


def config() -> Path:
    """The folder of settings."""
    return _folder(platformdirs.user_config_path)


def cache() -> Path:
    """The folder of what can be fetched again."""
    return _folder(platformdirs.user_cache_path)


def state() -> Path:
    """The folder of journals."""
    return _folder(platformdirs.user_state_path)


def _folder(of: Callable[[str], Path]) -> Path:
    try:
        found = of("dockgen")
    except RuntimeError:  # platformdirs knows no home
        return MISSING
    return found if found.is_absolute() else MISSING
