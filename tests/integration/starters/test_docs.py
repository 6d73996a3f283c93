"""docs/starters.md: its steps work as written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from dockgen import questions
from tests.conftest import ROOT
from tests.integration.update.conftest import git

PAGE = (ROOT / "docs/starters.md").read_text()
URL = "git@git.acme.example:platform/acme-starter.git"

# `dockgen starter test` takes an engine; tests/images has it.
DOCKGEN = """\
#!/bin/sh
if [ "$1 $2" = "starter test" ]; then exit 0; fi
exec {python} -m dockgen "$@"
"""


def section(title: str) -> str:
    """Return the text below a heading, up to the next one of its level."""
    mark, _, name = title.partition(" ")
    found = re.search(
        rf"^{mark} {re.escape(name)}\n(.*?)(?=^#{{2,{len(mark)}}} |\Z)", PAGE, re.M | re.S
    )
    assert found, title
    return found[1]


def blocks(text: str, kind: str) -> list[str]:
    """Return the code in a section."""
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def test_the_steps_work(person: Path) -> None:
    """Typed one after the other, they end with a project that has the label, file and answer."""
    bare = person.parent / "server.git"
    git("init", "--quiet", "--bare", "--initial-branch=main", bare, cwd=person)
    programs = person.parent / "bin"
    programs.mkdir()
    (programs / "dockgen").write_text(DOCKGEN.format(python=sys.executable))
    (programs / "dockgen").chmod(0o755)
    script = "set -eu\n" + "".join(blocks(section("## In ten minutes"), "sh"))
    assert script.count(URL) == 2
    done = subprocess.run(
        ["bash", "-c", script.replace(URL, str(bare))],
        cwd=person,
        env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    project = person / "acme-starter/my-app"
    assert 'LABEL org.opencontainers.image.vendor="Acme"\n' in (project / "Dockerfile").read_text()
    assert (project / "CODEOWNERS").read_text() == "* @acme/payments\n"
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert (answers["owner"], answers["_commit"]) == ("payments", "v1.0.0")


def test_examples_of_questions_are_questions(tmp_path: Path) -> None:
    """Dropped, narrowed: what the page shows is understood."""
    for title in ("### Drop a question", "### Narrow choices"):
        (text,) = blocks(section(title), "yaml")
        (tmp_path / "copier.yml").write_text(text)
        read = questions.read(tmp_path / "copier.yml")
        assert read.keys() <= {question.name for question in questions.load()}
