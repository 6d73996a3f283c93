"""What the user types: paths from where they stand, names as a shell takes them."""

import os
import shlex
from pathlib import Path


def short(path: Path) -> str:
    """The path as the user would type it from where they stand."""
    here = Path.cwd()
    typed = str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
    return f"./{typed}" if typed.startswith("-") else typed


def quoted(name: str) -> str:
    """A name as a shell takes it, with what a terminal would obey spelt in bash's and zsh's way."""
    if name.isprintable():
        return shlex.quote(name)
    spelled = (
        char
        if char.isprintable() and char not in "\\'"
        else "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))
        for char in name
    )
    return f"$'{''.join(spelled)}'"
