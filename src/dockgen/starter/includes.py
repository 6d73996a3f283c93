"""Includes: which files a starter's templates use from its copy of dockgen's."""

import glob
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from dockgen.git.tree import File, Tree

_TAG = re.compile(r"\{%[-+]?\s*(?:include|import|from|extends)\b(.*?)%\}", re.DOTALL)
# A string, or another part of an expression.
_PART = re.compile(r"""'([^']*)'|"([^"]*)"|[^'"]+""")
# What follows the name of the file.
_REST = re.compile(r"\s(as|import|with|without|ignore)\s.*", re.DOTALL)


def needed(gone: Tree, files: Iterable[File]) -> dict[str, File]:
    """Return those of ``gone`` that ``files`` include, directly or indirectly.

    A computed name, such as ``root ~ "templates/" ~ name ~ ".jinja"``, stands for every file that
    it may match.
    """
    found: dict[str, File] = {}
    texts = list(files)
    while texts:
        patterns = {pattern for file in texts for pattern in _patterns(file)}
        new = {
            path: file
            for path, file in gone.items()
            if path not in found and any(fnmatchcase(path, pattern) for pattern in patterns)
        }
        found |= new
        texts = list(new.values())
    return found


def _patterns(file: File) -> Iterator[str]:
    for tag in _TAG.finditer(file.content.decode(errors="replace")):
        parts = _PART.finditer(_REST.sub("", tag[1].rstrip("-+ \n")).strip())
        names = [part[1] or part[2] for part in parts]
        if any(names):
            yield "".join("*" if name is None else glob.escape(name) for name in names)
