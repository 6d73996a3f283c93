"""Paths and names as the user types them in a shell."""

import os
import shlex
from pathlib import Path


def short(path: Path) -> str:
    """Return the path as the user would type it from the current folder."""
    here = Path.cwd()
    typed = str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
    return f"./{typed}" if typed.startswith("-") else typed


def quoted(name: str) -> str:
    """Quote a name for a shell; control characters are escaped as bash and zsh do it."""
    if name.isprintable():
        return shlex.quote(name)
    spelled = (
        char
        if char.isprintable() and char not in "\\'"
        else "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))
        for char in name
    )
    return f"$'{''.join(spelled)}'"
