"""dockgen's folders in the user's home: settings, caches, journals."""

import os
from collections.abc import Callable
from pathlib import Path

import platformdirs

# Stands for each folder if the user has no home, as in a container with a numeric user: below a
# device, nothing exists and nothing can be made.
MISSING = Path(os.devnull) / "HOME is not set"


def config() -> Path:
    """Return the folder of settings."""
    return _folder(platformdirs.user_config_path)


def cache() -> Path:
    """Return the folder of caches, which can be fetched again."""
    return _folder(platformdirs.user_cache_path)


def state() -> Path:
    """Return the folder of journals."""
    return _folder(platformdirs.user_state_path)


def _folder(of: Callable[[str], Path]) -> Path:
    try:
        found = of("dockgen")
    except RuntimeError:  # platformdirs finds no home
        return MISSING
    return found if found.is_absolute() else MISSING
