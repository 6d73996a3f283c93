"""Compose reads other files for a compose file: a stranger's may name only the project's own."""

import os
from pathlib import Path

import pytest

from dockgen.containerfiles import included
from dockgen.errors import ProjectError
from tests.table import table

REFUSED = "reaches beyond"


def require(directory: Path, text: str, **others: str) -> None:
    """Look at a project with this compose.yaml, and others by their names, the dots left out."""
    for name, content in {"compose.yaml": text, **others}.items():
        path = directory / "project" / name.replace("_yaml", ".yaml").replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    included.require_inside([directory / "project/compose.yaml"], directory / "project")


@table(
    ("text", "named"),
    [
        ("include: [../other/compose.yaml]", "../other/compose.yaml"),
        ("include: /etc/compose.yaml", "/etc/compose.yaml"),
        ("include: ['${WHERE}/compose.yaml']", "${WHERE}/compose.yaml"),
        ("include: [~/compose.yaml]", "~/compose.yaml"),
        ("include: [{path: a.yaml, env_file: ../other/.env}]", "../other/.env"),
        ("include: [{path: a.yaml, project_directory: ../other}]", "/.env"),
        ("services: {app: {extends: {file: ../other/c.yaml, service: app}}}", "../other/c.yaml"),
        ("services: {app: {extends: !override {file: /c.yaml, service: app}}}", "/c.yaml"),
        ("x: &x {extends: {file: /c.yaml}}\nservices: {app: {<<: *x}}", "/c.yaml"),
        ("services: {app: {label_file: /etc/environment}}", "/etc/environment"),
        ("a: b\n---\ninclude: [/etc/compose.yaml]", "/etc/compose.yaml"),
        ("include: [deep/more.yaml]", "../../c.yaml"),
        ("include: [link.yaml]", "link.yaml"),
    ],
)
def test_what_leads_out_is_refused(text: str, named: str, tmp_path: Path) -> None:
    """Another project's file holds passwords, which a container could send anywhere."""
    (tmp_path / "project").mkdir(exist_ok=True)
    (tmp_path / "project/link.yaml").unlink(missing_ok=True)
    (tmp_path / "project/link.yaml").symlink_to("/etc/passwd")
    with pytest.raises(ProjectError, match=REFUSED) as caught:
        require(tmp_path, text, deep__more_yaml="services: {a: {extends: {file: ../../c.yaml}}}")
    assert named in caught.value.message
    assert "--trust" in caught.value.hint


def test_the_projects_own_files_are_read(tmp_path: Path) -> None:
    """Also with compose's own tags, and where one is missing: compose says that."""
    text = """\
include: [infra/db.yaml, {path: [a.yaml], project_directory: infra, env_file: infra/x.env}]
services:
  app:
    extends: {file: common.yaml, service: base}
    env_file: [.env.app, {path: none.env, required: false}]
    ports: !reset []
    tmpfs: !override [/tmp]
    command: !reset null
"""
    more = "include: [../compose.yaml]\nservices: {db: {image: x}, none: }"
    require(tmp_path, text, infra__db_yaml=more, common_yaml="services: {base: {image: x}}")


@table("text", ["services: {a: {env_file: pipe}}", "include: [pipe]"])
def test_a_pipe_is_not_waited_for(text: str, tmp_path: Path) -> None:
    """Compose would wait for somebody to write to it."""
    (tmp_path / "project").mkdir(exist_ok=True)
    if not (tmp_path / "project/pipe").exists():
        os.mkfifo(tmp_path / "project/pipe")
    with pytest.raises(ProjectError, match="pipe"):
        require(tmp_path, text)


@table("text", ["", "- a", "services: [a]", "services: {a: [b]}", "include: {}", "include: [{}]"])
def test_odd_files_are_composes_to_refuse(text: str, tmp_path: Path) -> None:
    """It says what is wrong with them."""
    require(tmp_path, text)
