"""Write a definition for `docker buildx bake` that builds all cases of a template at once.

https://docs.docker.com/build/bake/reference/
"""

import json
import re
from collections.abc import Mapping, Sequence

FILE = "docker-bake.hcl"


def definition(name: str, cases: Sequence[str]) -> str:
    """Return the content of a docker-bake.hcl next to one folder per case.

    The group ``default`` builds each image as ``name:case``. The group ``test`` runs each project's
    own tests, and keeps nothing but the build cache.
    """
    # The names of cases have no underscore, so these can't clash with a case's target.
    tests = [f"{case}_test" for case in cases]
    parts = [
        "# The images of all cases: docker buildx bake; their own tests: docker buildx bake test\n",
        _block("group", "default", {"targets": list(cases)}),
        _block("group", "test", {"targets": tests}),
    ]
    for case, test in zip(cases, tests, strict=True):
        parts.append(_block("target", case, {"context": case, "tags": [f"{name}:{case}"]}))
        settings = {"context": case, "target": "test", "output": ["type=cacheonly"]}
        parts.append(_block("target", test, settings))
    return "\n".join(parts)


def image_name(words: str) -> str:
    """Derive an image name from the name of a folder."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "starter"


def _block(kind: str, label: str, settings: Mapping[str, object]) -> str:
    width = max(map(len, settings))
    lines = [f"  {key:<{width}} = {_text(value)}" for key, value in settings.items()]
    return "\n".join([f'{kind} "{label}" {{', *lines, "}", ""])


def _text(value: object) -> str:
    """Return a value as HCL. Its strings are JSON's, except for templates."""
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")
