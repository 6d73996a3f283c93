"""Settings, patches and install scripts of packages work in the image, too.

One project for each package manager, with all of that; and what stops a build, or is named by it.
"""

import io
import json
import re
import secrets
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from dockgen import engine, template
from dockgen.engine import BuildError
from tests.images.conftest import in_release

# What the install steps have made, and nothing else of their stages.
SEEN = """\

FROM scratch AS seen
COPY --from=packages /app/ /shipped/
COPY --from=development /app/ /development/
"""
SEEN_OF_PYTHON = """\

FROM scratch AS seen
COPY --from=build /app/.venv/lib/ /shipped/
COPY --from=build /app/.venv/pyvenv.cfg /shipped/
"""
# Below which the read-me says to copy what an install needs besides.
FIRST_LINE = {
    "npm": "COPY package.json .npmrc* ./\n",
    "pnpm": "COPY package.json pnpm-workspace.yaml .npmrc* ./\n",
    "yarn": "COPY package.json .yarnrc.yml ./\n",
}
PATCH = """\
diff --git a/picocolors.js b/picocolors.js
--- a/picocolors.js
+++ b/picocolors.js
@@ -1 +1,2 @@
+// PATCHED
 let p = process || {}, argv = p.argv || [], env = p.env || {}
"""
BUILT = {"postinstall": "node -e \"fs.writeFileSync('built.js', '')\""}


def pack(path: Path, name: str, manifest: Mapping[str, object], *files: str) -> None:
    """Make a package, as npm pack does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    package = json.dumps({"name": name, "version": "1.0.0", **manifest})
    with tarfile.open(path, "w:gz") as archive:
        for file, text in {"package.json": package, **dict.fromkeys(files, "")}.items():
            member = tarfile.TarInfo(f"package/{file}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


def write(project: Path, files: Mapping[str, str]) -> None:
    """Write files, and the folders that they are in."""
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)


def change(path: Path, old: str, new: str) -> None:
    """Replace a text that is in a file once."""
    text = path.read_text()
    assert text.count(old) == 1, text
    path.write_text(text.replace(old, new))


def docker_build(project: Path, *options: str) -> str:
    """Build, and return what was printed."""
    command = ["docker", "build", "--progress=plain", *options, str(project)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stderr


def node_project(folder: Path, manager: str) -> Path:
    """Make a job whose packages have scripts, types and patches, and whose settings are needed.

    `allowed` may run its install script and `other` may not, `types` has what a compiler reads, and
    `plugin` wants another `host` than there is.
    """
    answers = {"language": "node", "flavor": "slim", "kind": "job", "package_manager": manager}
    project = template.render(folder / "my-app", {"name": "my-app", **answers}, ask=()).directory
    pack(project / "local/allowed-1.0.0.tgz", "allowed", {"scripts": BUILT})
    pack(project / "local/other-1.0.0.tgz", "other", {"scripts": BUILT})
    pack(project / "local/types-1.0.0.tgz", "types", {}, "lib.d.ts", "README.md", "mail.md")
    pack(project / "local/host-1.0.0.tgz", "host", {})
    pack(project / "local/plugin-1.0.0.tgz", "plugin", {"peerDependencies": {"host": "^2.0.0"}})
    names = ("allowed", "other", "types", "host", "plugin")
    manifest = json.loads((project / "package.json").read_text())
    manifest["scripts"] |= {"prepare": "husky", "postinstall": "touch node_modules/own"}
    manifest["dependencies"] = {name: f"file:local/{name}-1.0.0.tgz" for name in names}
    manifest["dependencies"]["picocolors"] = "1.1.1"
    if manager == "npm":
        manifest["allowScripts"] = {"allowed@1.0.0": True}
        write(project, {".npmrc": "legacy-peer-deps=true\n"})
    elif manager == "pnpm":
        with (project / "pnpm-workspace.yaml").open("a") as settings:
            settings.write(
                "strictPeerDependencies: true\n"
                "peerDependencyRules: {allowAny: [host]}\n"
                "patchedDependencies: {picocolors@1.1.1: patches/picocolors.patch}\n"
                "allowBuilds:\n"
                "  allowed@file:local/allowed-1.0.0.tgz: true\n"
                "  other@file:local/other-1.0.0.tgz: false\n"
            )
        write(project, {"patches/picocolors.patch": PATCH})
    else:
        manifest["dependenciesMeta"] = {"allowed": {"built": True}}
        patch = "patch:picocolors@npm%3A1.1.1#~/.yarn/patches/picocolors.patch"
        manifest["dependencies"]["picocolors"] = patch
        write(project, {".yarn/patches/picocolors.patch": PATCH})
    (project / "package.json").write_text(json.dumps(manifest, indent=2))
    dockerfile = project / "Dockerfile"
    line = FIRST_LINE[manager]
    change(dockerfile, line, f"{line}COPY local/ local/\n")
    dockerfile.write_text(dockerfile.read_text() + SEEN)
    return project


@pytest.mark.parametrize("manager", FIRST_LINE)
def test_packages_of_node(manager: str, tmp_path: Path) -> None:
    """Locked and installed with the settings; only what may run has run, and the rest is named."""
    project = node_project(tmp_path, manager)
    before = json.loads((project / "package.json").read_text())
    docker_build(project, "--no-cache-filter=resolve", "--target=lock", f"--output={project}")
    printed = docker_build(
        project, "--no-cache-filter=packages", "--target=seen", f"--output={tmp_path}/seen"
    )
    for stage in ("shipped", "development"):
        modules = tmp_path / "seen" / stage / "node_modules"
        assert (modules / "allowed/built.js").exists(), stage
        assert not (modules / "other/built.js").exists(), stage
        assert not (modules / "own").exists(), stage
        assert (modules / "types/lib.d.ts").exists(), stage
        assert (modules / "types/mail.md").exists(), stage
        patched = (modules / "picocolors/picocolors.js").read_text().startswith("// PATCHED")
        assert patched == (manager != "npm"), stage
    shipped = tmp_path / "seen/shipped"
    assert json.loads((shipped / "package.json").read_text()) == before
    assert not (shipped / "node_modules/types/README.md").exists()
    assert not (shipped / ".npmrc").exists()
    line = {
        "npm": '"allowScripts": {"other": true}',
        "pnpm": None,
        "yarn": '"dependenciesMeta": {"other": {"built": true}}',
    }[manager]
    assert line is None or line in printed
    assert "own postinstall script did not run: touch node_modules/own" in printed
    assert "own prepare script did not run: husky" in printed


def test_the_project_s_own_script_runs_as_the_build_says(tmp_path: Path) -> None:
    """The line that the output names, below the step that it names."""
    project = node_project(tmp_path, "npm")
    docker_build(project, "--no-cache-filter=resolve", "--target=lock", f"--output={project}")
    options = ("--target=seen", f"--output={tmp_path}/seen")
    printed = docker_build(project, "--no-cache-filter=packages", *options)
    (line,) = set(re.findall(r"RUN npm run postinstall", printed))
    change(project / "Dockerfile", "\n# Strips debug symbols", f"{line}\n\n# Strips debug symbols")
    docker_build(project, *options)
    assert (tmp_path / "seen/shipped/node_modules/own").exists()


def test_pnpm_stops_at_an_install_script_that_nobody_decided_on(tmp_path: Path) -> None:
    """As it does for the developer, and names the line."""
    project = node_project(tmp_path, "pnpm")
    docker_build(project, "--no-cache-filter=resolve", "--target=lock", f"--output={project}")
    settings = project / "pnpm-workspace.yaml"
    settings.write_text(re.sub(r"  other@.*\n", "", settings.read_text()))
    with pytest.raises(BuildError) as caught:
        engine.build(project, target="packages")
    assert "other@file:local/other-1.0.0.tgz" in caught.value.log
    assert 'add its name to "allowBuilds"' in caught.value.log


@pytest.mark.parametrize(
    ("manager", "file", "line"),
    [
        ("npm", ".npmrc", "//npm.example.com/:_authToken="),
        *in_release(("yarn", ".yarnrc.yml", "npmAuthToken: ")),
    ],
)
def test_a_token_in_the_settings_stops_the_build(
    manager: str, file: str, line: str, tmp_path: Path
) -> None:
    """It would stay in the builder's cache, and isn't shown. A variable in its place is fine."""
    answers = {"language": "node", "flavor": "slim", "package_manager": manager}
    project = template.render(tmp_path / "my-app", {"name": "my-app", **answers}, ask=()).directory
    before = (project / file).read_text() if (project / file).exists() else ""
    (project / file).write_text(before + line + "${NPM_TOKEN-}\n")
    engine.build(project, target="manifests")
    secret = secrets.token_hex()
    (project / file).write_text(before + line + secret + "\n")
    with pytest.raises(BuildError) as caught:
        engine.build(project, target="manifests")
    assert "would stay in the build cache" in caught.value.log
    assert secret not in caught.value.log


def wheel(folder: Path, name: str, version: str) -> None:
    """Make a package, and the page of an index that has it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}/own.py", "")
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    (folder / "index.html").write_text(f'<a href="{file.name}">{file.name}</a>')


# An index that only one package comes from, as in PyTorch's read-me; and one for all packages, in a
# file that uv reads in place of pyproject.toml.
EXPLICIT = """
[tool.uv.sources]
own-thing = { index = "own" }

[[tool.uv.index]]
name = "own"
url = "file:///app/own"
explicit = true
"""
OF_ALL = """\
[[index]]
name = "own"
url = "file:///app/own"
"""


@pytest.mark.parametrize(
    ("manager", "way"), [("pip", "pyproject"), ("uv", "file"), *in_release(("pip", "file"))]
)
def test_an_index_of_uv_counts_in_each_step(manager: str, way: str, tmp_path: Path) -> None:
    """The build finds the packages that the lock target found."""
    answers = {"language": "python", "flavor": "slim", "kind": "job", "package_manager": manager}
    project = template.render(tmp_path / "my-app", {"name": "my-app", **answers}, ask=()).directory
    wheel(project / "own/own-thing", "own_thing", "1.0+cpu")
    change(project / "pyproject.toml", "dependencies = []", 'dependencies = ["own-thing"]')
    if way == "pyproject":
        # It also has an old version of what comes from elsewhere.
        wheel(project / "own/pytest", "pytest", "1.0")
        with (project / "pyproject.toml").open("a") as manifest:
            manifest.write(EXPLICIT)
    else:
        write(project, {"uv.toml": OF_ALL})
    dockerfile = project / "Dockerfile"
    line = "COPY pyproject.toml uv.toml* /\n"
    change(dockerfile, line, f"{line}COPY own/ own/\n")
    dockerfile.write_text(dockerfile.read_text() + SEEN_OF_PYTHON)
    docker_build(project, "--no-cache-filter=resolve", "--target=lock", f"--output={project}")
    docker_build(project, "--target=test", "--output=type=cacheonly")
    docker_build(project, "--target=seen", f"--output={tmp_path}/seen")
    assert list((tmp_path / "seen/shipped").rglob("own_thing/own.py")) != []


def test_poetry_toml_counts(tmp_path: Path) -> None:
    """Except where the packages go, which is for the developer's machine."""
    answers = {"language": "python", "flavor": "slim", "kind": "job", "package_manager": "poetry"}
    project = template.render(tmp_path / "my-app", {"name": "my-app", **answers}, ask=()).directory
    settings = "[virtualenvs]\ncreate = false\nin-project = false\n"
    settings += "[virtualenvs.options]\nsystem-site-packages = true\n"
    write(project, {"poetry.toml": settings})
    dockerfile = project / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + SEEN_OF_PYTHON)
    docker_build(project, "--target=seen", f"--output={tmp_path}/seen")
    made = (tmp_path / "seen/shipped/pyvenv.cfg").read_text()
    assert "include-system-site-packages = true" in made


USES = """\
//go:build own

package main

import (
	"log/slog"

	"github.com/google/uuid"
)

func init() { slog.Info("own", "id", uuid.Nil.String()) }
"""


def test_modules_that_the_project_keeps_itself(tmp_path: Path) -> None:
    """The lock target writes vendor/ as well; flags for all steps are in one place."""
    answers = {"name": "my-app", "language": "go", "flavor": "scratch", "kind": "job"}
    project = template.render(tmp_path / "my-app", answers, ask=()).directory
    write(project, {"own.go": USES, "vendor/old/module.go": "package old\n"})
    line = "ENV CGO_ENABLED=0\n"
    change(project / "Dockerfile", line, f'{line}ENV GOFLAGS="-mod=vendor -tags=own"\n')
    docker_build(project, "--no-cache-filter=tidy", "--target=lock", f"--output={project}")
    assert "google/uuid" in (project / "go.mod").read_text()
    assert (project / "vendor/github.com/google/uuid/uuid.go").exists()
    docker_build(project, "--target=test", "--output=type=cacheonly")
    with engine.temporary_image(project) as image:
        done = subprocess.run(
            ["docker", "run", "--rm", image], capture_output=True, text=True, timeout=60
        )
    assert "00000000-0000-0000-0000-000000000000" in done.stderr + done.stdout
