"""The variants: what is built and run besides the nine cells.

Each framework, kind and package manager is in at least two of them, on different flavors.
"""

from dockgen.cases import Case


def _variant(language: str, flavor: str, **answers: str) -> Case:
    name = "-".join((language, *answers.values(), flavor))
    return Case(name, {"language": language, "flavor": flavor, **answers})


VARIANTS = (
    _variant("go", "scratch", kind="worker"),
    _variant("go", "alpine", kind="worker"),
    _variant("go", "scratch", kind="job"),
    _variant("go", "slim", kind="job"),
    _variant("node", "alpine", framework="vite"),
    _variant("node", "slim", framework="vite"),
)
