"""The container files of existing repositories, from answers of `dockgen add`."""

import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockgen import template
from dockgen.add import existing, installs
from dockgen.detect import given, survey
from dockgen.detect.model import BY_NAME
from dockgen.detect.repository import Repository
from dockgen.errors import DockgenError, UsageError
from dockgen.source import Source
from tests.conftest import ROOT
from tests.table import table

BIN = ROOT / ".venv/bin"
PROJECTS = ROOT / "tests/projects"
# Those that need a word of the user's before they can be put into an image.
REFUSED = {"go-hostile", "go-no-sum", "node-sveltekit-no-adapter"}
# These don't start without an argument, which only a person can give.
REFUSED |= {"go-exporter", "go-redirect", "go-mounted-routes"}

_EVERYTHING: Mapping[str, Any] = {
    "health": "/health",
    "port_setting": "PORT",
    "environment": {"HOST": "0.0.0.0", "GREETING": 'say "hi" for $1'},
    "settings": {"DATABASE_URL": "postgresql://app:app@postgres:5432/app", "PRICE": "5$"},
    "required": ["API_KEY"],
    "volumes": ["/data", "/app/var/uploads"],
    "scratch": ["/app/cache"],
    "processes": {"worker": ["celery", "-A", "app", "worker"]},
    "before": {"migrate": ["python", "manage.py", "migrate"]},
    "beside": {
        "postgres": {
            "image": "postgres:17-alpine",
            "environment": {"POSTGRES_PASSWORD": "app"},
            "volume": "/var/lib/postgresql/data",
            "healthy": ["CMD-SHELL", "pg_isready -U app"],
        },
        "memcached": {"image": "memcached:1.6-alpine", "healthy": ["CMD", "true"]},
    },
    "leave_out": ["docs", "tests"],
    "keep": ["certs/public.pem"],
}
_FRONTEND = {
    "folder": "client",
    "package_manager": "yarn",
    "build": "npm run build",
    "output": "client/dist",
}

# By name: the answers. What isn't named in `existing` takes its default.
CASES: Mapping[str, Mapping[str, Any]] = {
    "go-plain": {
        "language": "go",
        "flavor": "scratch",
        "existing": {"command": ["/usr/local/bin/server"], "mains": {"server": "./cmd/server"}},
    },
    "go-everything": {
        "language": "go",
        "flavor": "alpine",
        "existing": {
            **_EVERYTHING,
            "command": ["/usr/local/bin/server", "serve"],
            "mains": {"server": "./cmd/server", "worker": "./cmd/worker"},
            "tags": ["fs_embed", "netgo"],
            "ldflags": "-X main.version=1",
            "frontend": _FRONTEND,
            "files": ["config.yml"],
        },
    },
    "go-monorepo-cgo": {
        "language": "go",
        "flavor": "slim",
        "cgo": True,
        "existing": {
            "command": ["/usr/local/bin/api"],
            "mains": {"api": "."},
            "context": "../..",
            "folder": "services/api",
            "build_packages": ["libolm-dev"],
        },
    },
    **{
        f"go-cgo-{flavor}": {
            "language": "go",
            "flavor": flavor,
            "cgo": True,
            "existing": {
                "command": ["/usr/local/bin/api"],
                "mains": {"api": "."},
                "build_packages": ["gcc", "libc6-dev"],
            },
        }
        for flavor in ("alpine", "scratch")
    },
    "go-worker": {
        "language": "go",
        "flavor": "scratch",
        "kind": "worker",
        "existing": {"command": ["/usr/local/bin/bot"], "mains": {"bot": "."}},
    },
    **{
        f"{language}-heartbeat": {
            "language": language,
            "kind": "worker",
            "existing": {"command": ["work"], "health": "/tmp/alive"},
        }
        for language in ("go", "node", "python")
    },
    "python-pip": {
        "language": "python",
        "flavor": "slim",
        "package_manager": "pip",
        "existing": {
            **_EVERYTHING,
            "command": ["gunicorn", "app.wsgi", "--bind", "0.0.0.0:8000"],
            "install": {
                "requirements": ["requirements.txt"],
                "files": ["requirements.txt", "constraints.txt"],
                "packages": ["gunicorn==23.0.0"],
            },
            "build_packages": ["build-essential"],
            "build": ["python manage.py collectstatic --noinput"],
            "build_environment": {"SECRET_KEY": "only for the build"},
            "outputs": ["static"],
            "frontend": _FRONTEND,
        },
    },
    "python-package": {
        "language": "python",
        "flavor": "scratch",
        "package_manager": "pip",
        "existing": {
            "command": ["serve"],
            "install": {"package": True, "extras": ["web"]},
        },
    },
    "python-uv": {
        "language": "python",
        "flavor": "alpine",
        "package_manager": "uv",
        "existing": {"command": ["python", "-m", "app"], "install": {"extras": ["web"]}},
    },
    "python-uv-workspace": {
        "language": "python",
        "flavor": "slim",
        "package_manager": "uv",
        "existing": {
            "command": ["api"],
            "context": "../..",
            "folder": "packages/api",
            "install": {"everything": True, "member": "api", "package": True},
        },
    },
    "python-poetry": {
        "language": "python",
        "flavor": "slim",
        "package_manager": "poetry",
        "kind": "job",
        "existing": {
            "command": ["report"],
            "install": {"package": True, "extras": ["a", "b"], "packages": ["gunicorn==23.0.0"]},
        },
    },
    "node-plain": {
        "language": "node",
        "flavor": "alpine",
        "existing": {"command": ["node", "src/index.js"]},
    },
    "node-everything": {
        "language": "node",
        "flavor": "slim",
        "existing": {
            **_EVERYTHING,
            "command": ["node", "dist/main.js"],
            "install": {
                "files": ["package.json", "package-lock.json", ".npmrc"],
                "folders": ["patches"],
                "scripts": ["bcrypt", "sqlite3"],
            },
            "build": ["npm run build"],
            "outputs": ["dist"],
            "files": ["package.json", "views"],
        },
    },
    "node-workspace": {
        "language": "node",
        "flavor": "scratch",
        "package_manager": "pnpm",
        "existing": {
            "command": ["node", "dist/main.js"],
            "context": "../..",
            "folder": "packages/api",
            "install": {"everything": True, "manager": "pnpm@9.15.9", "scripts": ["sharp"]},
            "build": ["pnpm run build"],
        },
    },
    "node-yarn-classic": {
        "language": "node",
        "flavor": "alpine",
        "package_manager": "yarn",
        "existing": {
            "command": ["node", "index.js"],
            "install": {
                "files": ["package.json", "yarn.lock"],
                "classic": True,
                "manager": "yarn@1.22.22",
            },
        },
    },
    "node-yarn": {
        "language": "node",
        "flavor": "alpine",
        "package_manager": "yarn",
        "existing": {
            "command": ["node", "index.js"],
            "install": {"files": ["package.json", "yarn.lock"], "folders": [".yarn/releases"]},
        },
    },
    "node-site": {
        "language": "node",
        "flavor": "slim",
        "framework": "vite",
        "existing": {
            "command": ["nginx"],
            "install": {"files": ["package.json", "package-lock.json"]},
            "build": ["npm run build"],
            "outputs": ["build"],
        },
    },
    "node-site-in-a-monorepo": {
        "language": "node",
        "flavor": "alpine",
        "framework": "vite",
        "package_manager": "pnpm",
        "existing": {
            "command": ["nginx"],
            "context": "..",
            "folder": "web",
            "install": {"everything": True},
            "build": ["pnpm run build"],
        },
    },
}


@pytest.fixture(scope="module")
def rendered(origin: Source, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Each case's folder."""
    folder = tmp_path_factory.mktemp("existing")
    for name, answers in CASES.items():
        template.render_version(origin, "HEAD", folder / name, answers)
    return {name: folder / name for name in CASES}


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return (done.stdout + done.stderr).strip()


def test_files_pass_the_linters(rendered: Mapping[str, Path]) -> None:
    """At hadolint's style level, by yamllint's rules, and tidy to the last blank."""
    dockerfiles = [folder / "Dockerfile" for folder in rendered.values()]
    assert _run(BIN / "hadolint", "--no-color", "--failure-threshold=style", *dockerfiles) == ""
    rules = "{extends: default, rules: {line-length: {max: 160}}}"
    composed = [folder / "compose.yaml" for folder in rendered.values()]
    assert _run(BIN / "yamllint", "--strict", "-d", rules, *composed) == ""
    for folder in rendered.values():
        for path in folder.rglob("*"):
            if path.is_file():
                text = path.read_text()
                assert text == text.rstrip() + "\n", path
                assert not any(line != line.rstrip() for line in text.splitlines()), path
                assert "\n\n\n" not in text or path.suffix == ".py", path


def test_cgo_is_linked_statically_where_there_is_no_c_library(
    rendered: Mapping[str, Path],
) -> None:
    """On slim, the program uses Debian's."""
    for name, is_static in (
        ("go-cgo-alpine", True),
        ("go-cgo-scratch", True),
        ("go-monorepo-cgo", False),
        ("go-plain", False),
    ):
        text = (rendered[name] / "Dockerfile").read_text()
        assert ("-linkmode=external -extldflags=-static" in text) is is_static, name
        assert ("-tags=netgo,osusergo" in text) is is_static, name


def test_compose_says_what_was_found(rendered: Mapping[str, Path]) -> None:
    """Processes, steps, other services, and variables; all equally hardened."""
    model = yaml.safe_load((rendered["python-pip"] / "compose.yaml").read_text())
    services = model["services"]
    assert set(services) == {"app", "migrate", "worker", "postgres", "memcached"}
    assert services["app"]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "memcached": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }
    for name in ("app", "migrate", "worker"):
        service = services[name]
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["environment"]["PRICE"] == "5$$"
        assert service["environment"]["API_KEY"].startswith("${API_KEY:?")
        assert service["volumes"] == ["data:/data", "app-var-uploads:/app/var/uploads"]
    assert set(model["volumes"]) == {"data", "app-var-uploads", "postgres"}


def test_a_monorepo_builds_from_its_root(rendered: Mapping[str, Path]) -> None:
    """The ignore file has the name that the builder looks for beside such a Dockerfile."""
    folder = rendered["node-workspace"]
    build = yaml.safe_load((folder / "compose.yaml").read_text())["services"]["app"]["build"]
    assert build == {"context": "../..", "dockerfile": "packages/api/Dockerfile"}
    assert (folder / "Dockerfile.dockerignore").is_file()
    assert not (folder / ".dockerignore").exists()


def test_what_a_file_needs_is_there(rendered: Mapping[str, Path]) -> None:
    """Each file that a Dockerfile takes from docker/ is rendered, and no other."""
    for name, folder in rendered.items():
        text = (folder / "Dockerfile").read_text()
        for path in (folder / "docker").glob("*") if (folder / "docker").exists() else ():
            assert f"docker/{path.name}" in text, (name, path)
        inside = CASES[name]["existing"].get("folder", "")
        for word in text.replace("source=", " ").replace(",", " ").split():
            wanted = word.removeprefix(f"{inside}/") if inside else word
            if wanted.startswith("docker/"):
                assert (folder / wanted).is_file(), (name, word)


def test_a_worker_without_a_heartbeat_has_no_health_check(rendered: Mapping[str, Path]) -> None:
    """The rules that ask for one are ignored, with the reason."""
    assert "HEALTHCHECK" not in (rendered["go-worker"] / "Dockerfile").read_text()
    limits = tomllib.loads((rendered["go-worker"] / "dockgen.toml").read_text())
    assert set(limits["rules"]["ignored"]) == {"DG102", "DG103", "DG201"}
    plain = tomllib.loads((rendered["go-plain"] / "dockgen.toml").read_text())
    assert "rules" not in plain


@table("language", ["go", "node", "python"])
def test_a_worker_is_checked_by_the_file_that_it_touches(
    rendered: Mapping[str, Path], language: str
) -> None:
    """If the user names one: then every rule about health counts."""
    folder = rendered[f"{language}-heartbeat"]
    assert "HEALTHCHECK" in (folder / "Dockerfile").read_text()
    (probe,) = (folder / "docker").glob("healthcheck.*")
    assert "/tmp/alive" in probe.read_text()
    told = tomllib.loads((folder / "dockgen.toml").read_text())
    assert ("rules" in told, told.get("check", {}).get("path")) == (False, None)


def test_a_heartbeat_grows_old(rendered: Mapping[str, Path], tmp_path: Path) -> None:
    """The probe passes after the worker's last round, and fails half a minute later."""
    probe = rendered["python-heartbeat"] / "docker/healthcheck.py"
    heartbeat = tmp_path / "alive"
    asked = (sys.executable, "-IS", str(probe))
    environment = {**os.environ, "HEARTBEAT_FILE": str(heartbeat)}

    def passes() -> bool:
        return subprocess.run(asked, env=environment, capture_output=True).returncode == 0

    assert not passes()
    heartbeat.touch()
    assert passes()
    os.utime(heartbeat, (time.time() - 31,) * 2)
    assert not passes()


def test_a_workflow_builds_and_checks_it(tmp_path: Path) -> None:
    """The Dockerfile has no stage for tests, which the repository runs as it did."""
    answers = {"ci": "github", "existing": {"command": ["serve"]}, "language": "node"}
    template.render(tmp_path / "app", answers, ask=())
    (workflow,) = (tmp_path / "app/.github/workflows").iterdir()
    assert not (tmp_path / "app/.gitlab").exists()
    text = workflow.read_text()
    assert (workflow.name, "target: test" in text) == ("image.yml", False)
    steps = [step.get("name") for step in yaml.safe_load(text)["jobs"]["check"]["steps"]]
    assert "Build the image" in steps
    check = (BIN / "check-jsonschema", "--builtin-schema=vendor.github-workflows")
    assert "ok" in _run(*check, workflow)


def test_a_workflow_finds_a_service_below_the_root(tmp_path: Path) -> None:
    """GitHub starts at the root, so the build and the check get the service's folder."""
    found = {"command": ["serve"], "place": "services/api"}
    answers = {"ci": "github", "existing": found, "language": "node"}
    template.render(tmp_path / "app", answers, ask=())
    workflow = yaml.safe_load((tmp_path / "app/.github/workflows/image.yml").read_text())
    steps = {step.get("name"): step for step in workflow["jobs"]["check"]["steps"]}
    build = steps["Build the image"]["with"]
    assert (build["context"], build["file"]) == ("services/api", "services/api/Dockerfile")
    assert steps["Hold the image to dockgen.toml"]["working-directory"] == "services/api"


def test_gitlab_includes_a_job_of_its_own(tmp_path: Path) -> None:
    """The repository's own file needs one line; a service below the root is built from there."""
    found = {"command": ["serve"], "context": "..", "folder": "api", "place": "services/api"}
    answers = {"ci": "gitlab", "existing": found, "language": "node"}
    template.render(tmp_path / "app", answers, ask=())
    own, job = (tmp_path / "app" / name for name in (".gitlab-ci.yml", ".gitlab/image.yml"))
    assert yaml.safe_load(own.read_text()) == {"include": [{"local": "/.gitlab/image.yml"}]}
    # Nothing but jobs: a default or a variable would count for the repository's other jobs, too.
    jobs = yaml.safe_load(job.read_text())
    assert [name for name in jobs if not name.startswith(".")] == ["check-image", "report-image"]
    assert "--file=services/api/Dockerfile services" in jobs["check-image"]["script"][0]
    assert "--workdir=/project/services/api " in jobs[".hold-to-dockgen-toml"][-1]
    check = (BIN / "check-jsonschema", "--builtin-schema=vendor.gitlab-ci")
    assert "ok" in _run(*check, own, job)


def test_limits_leave_room(rendered: Mapping[str, Path]) -> None:
    """The size of a program is known only after the build."""
    limits = tomllib.loads((rendered["node-plain"] / "dockgen.toml").read_text())["limits"]
    assert limits["size_mb"] > 1000


@table(
    ("name", "key", "value"),
    [
        (
            "python-notes-alembic",
            "settings",
            {"DATABASE_URL": "postgresql+psycopg://app:app@postgres:5432/app"},
        ),
        ("python-django-orders", "build_environment", {"SECRET_KEY": "only-to-build"}),
        (
            "python-django-orders",
            "build",
            ["python manage.py collectstatic --noinput", "mkdir -p staticfiles"],
        ),
        ("python-django-orders", "outputs", ["staticfiles"]),
        ("python-mail-queue", "build_packages", ["gcc", "libc6-dev", "libpq-dev"]),
        ("go-several", "mains", {"api": "./cmd/api", "worker": "./cmd/worker"}),
    ],
)
def test_what_is_found_is_handed_on(name: str, key: str, value: object) -> None:
    """The driver that a secret's example names; what a step needs to load the program; programs."""
    repository = Repository(PROJECTS / name)
    told = existing.answers(repository, survey.look(repository, {}), "app", None)
    assert told["existing"][key] == value


@table(
    ("version", "lock", "package"),
    [
        ("4.9.2", "", "@yarnpkg/cli-dist@4.9.2"),
        ("", "__metadata:\n  version: 8\n", "@yarnpkg/cli-dist@4.9.2"),
        ("", "# yarn lockfile v1\n", "yarn@1.22.22"),
        ("", "__metadata:\n  version: 10\n", ""),
    ],
)
def test_a_yarn_takes_the_lock_file_as_it_is(
    version: str, lock: str, package: str, tmp_path: Path
) -> None:
    """A newer one writes its own format into it, and stops where it may not."""
    (tmp_path / "yarn.lock").write_text(f"# generated\n{lock}")
    found = installs.yarn(Repository(tmp_path), "yarn.lock", version)
    assert found.get("manager", "") == package


def test_what_next_builds_is_whole() -> None:
    """Its standalone server gets the files for browsers, and the image no cache of the build."""
    found = {}
    for name in ("node-next-standalone", "node-next"):
        repository = Repository(PROJECTS / name)
        detected = survey.look(repository, {})
        found[name] = existing.answers(repository, detected, name, None)["existing"]
    standalone, plain = found.values()
    assert standalone["outputs"] == [".next/standalone"]
    assert "cp -r .next/static .next/standalone/.next/" in standalone["build"]
    assert standalone["volumes"] == ["/app/.next/standalone/.next/cache"]
    assert standalone["install"]["everything"]  # Prisma writes its client beside the packages
    assert (plain["outputs"], plain["build"][-1]) == ([".next"], "rm -rf .next/cache")


def test_an_argument_that_is_needed_is_asked_for() -> None:
    """A given argument is added to the command."""
    repository = Repository(PROJECTS / "go-exporter")
    with pytest.raises(UsageError, match="doesn't start without --device"):
        existing.answers(repository, survey.look(repository, {}), "exporter", None)

    detected = survey.look(repository, {"argument": ["--device=usb0"]})
    answers = existing.answers(repository, detected, "exporter", None)
    assert answers["existing"]["command"][1:] == ["--device=usb0"]


def test_a_version_without_a_base_image_is_refused() -> None:
    """The flag accepts another one."""
    repository = Repository(PROJECTS / "node-express")
    with pytest.raises(UsageError, match="node 12 is out of support"):
        existing.answers(repository, survey.look(repository, {"version": "12"}), "api", None)

    detected = survey.look(repository, {"version": "20"})
    assert existing.answers(repository, detected, "api", None)["language_version"] == "20"


def test_a_public_key_that_is_embedded_reaches_the_build() -> None:
    """The ignore file leaves out other files of its kind, unless the user names one."""
    repository = Repository(PROJECTS / "go-embed-public-key")
    for words, kept in (
        ({}, ["keys/public.pem"]),
        ({"file": ("keys/example.key",)}, ["keys/example.key", "keys/public.pem"]),
    ):
        detected = survey.look(repository, words)
        assert existing.answers(repository, detected, "app", None)["existing"]["keep"] == kept


def test_every_repository_of_ours_gets_files(origin: Source, tmp_path: Path) -> None:
    """The templates accept what is detected in tests/projects, except what can't work."""
    dockerfiles, refused = [], {}
    for path in sorted(PROJECTS.glob("*.yml")):
        expected = yaml.safe_load(path.read_text())
        said = {
            name: given.parse(BY_NAME[name], words)
            for name, words in expected.get("given", {}).items()
        }
        repository = Repository(PROJECTS / path.stem)
        detected = survey.look(repository, said)
        if detected.conflicts:
            continue
        try:
            answers = existing.answers(repository, detected, path.stem, None)
        except DockgenError as error:
            refused[path.stem] = error.message
            continue
        template.render_version(origin, "HEAD", tmp_path / path.stem, answers)
        dockerfiles.append(tmp_path / path.stem / "Dockerfile")
    assert len(dockerfiles) >= 50
    assert set(refused) == REFUSED
    assert _run(BIN / "hadolint", "--no-color", "--failure-threshold=style", *dockerfiles) == ""
