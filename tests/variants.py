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
    _variant("node", "slim", framework="fastify", package_manager="pnpm"),
    _variant("node", "alpine", framework="fastify", package_manager="yarn"),
    _variant("node", "scratch", framework="express", package_manager="pnpm"),
    _variant("node", "slim", framework="express", package_manager="yarn"),
    _variant("node", "alpine", framework="stdlib", package_manager="npm"),
    _variant("node", "scratch", framework="stdlib", package_manager="npm"),
    _variant("node", "alpine", kind="worker", package_manager="npm"),
    _variant("node", "scratch", kind="worker", package_manager="pnpm"),
    _variant("node", "slim", kind="job", package_manager="npm"),
    _variant("node", "scratch", kind="job", package_manager="yarn"),
    _variant("node", "alpine", framework="vite", package_manager="npm"),
    _variant("node", "slim", framework="vite", package_manager="npm"),
    _variant("node", "alpine", framework="vite", package_manager="pnpm"),
    _variant("node", "slim", framework="vite", package_manager="yarn"),
)
