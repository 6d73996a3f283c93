"""A project lacks the files of other choices, and no others."""

from typing import Any

from tests.conftest import Make, tree
from tests.integration.templates.test_dockerignore import CA
from tests.table import table

EVERYWHERE = {
    *(".copier-answers.yml", ".dockerignore", ".editorconfig"),
    *(".gitattributes", ".gitignore"),
    *("Dockerfile", "README.md", "compose.yaml", "dockgen.toml"),
}
LANGUAGES = {
    "go": {"go.mod", "main.go", "main_test.go"},
    "python": {
        *("pyproject.toml", "docker/rootfs.py", "app/__init__.py", "app/main.py"),
        *("tests/test_main.py", "tests/test_process.py"),
    },
    "node": {"docker/install.mjs", "package.json"},
}
PIP = {"requirements.txt", "requirements-dev.txt"}
NODE_SERVICE = {
    *(f"src/{name}.js" for name in ("app", "healthcheck", "port", "serve", "server")),
    *("test/app.test.js", "test/serve.test.js", "docker/libraries.sh", "docker/strip.mjs"),
}
VITE = {
    *("index.html", "nginx.conf", "public/favicon.svg"),
    *("src/main.js", "src/pages.js", "src/style.css", "test/pages.test.js", "test/site.test.js"),
}
# Answers, and the files of the project beside those of its language.
SAMPLES: list[tuple[dict[str, Any], set[str]]] = [
    ({"language": "go"}, {"handlers.go"}),
    ({"language": "go", "framework": "chi"}, {"handlers.go", "go.sum"}),
    ({"language": "go", "kind": "worker"}, set()),
    ({"language": "go", "kind": "job"}, set()),
    ({"framework": "fastapi"}, PIP | {"app/__main__.py", "app/healthcheck.py"}),
    ({"framework": "flask"}, PIP | {"app/gunicorn_conf.py", "app/healthcheck.py"}),
    (
        {"framework": "stdlib"},
        PIP | {"app/__main__.py", "app/healthcheck.py", "app/server.py"},
    ),
    ({"kind": "worker"}, PIP | {"app/__main__.py", "app/healthcheck.py"}),
    ({"kind": "job"}, PIP | {"app/__main__.py"}),
    ({"kind": "job", "package_manager": "uv"}, {"app/__main__.py"}),
    ({"kind": "job", "package_manager": "poetry"}, {"app/__main__.py", "poetry.lock"}),
    ({"kind": "job", "package_manager": "pdm"}, {"app/__main__.py", "pdm.lock"}),
    *(
        ({"language": "node", "framework": framework}, NODE_SERVICE | {"package-lock.json"})
        for framework in ("express", "fastify", "stdlib")
    ),
    (
        {"language": "node", "kind": "worker"},
        {
            *(f"src/{name}.js" for name in ("healthcheck", "heartbeat", "run", "work", "worker")),
            *("test/healthcheck.test.js", "test/run.test.js"),
            *("docker/libraries.sh", "docker/strip.mjs", "package-lock.json"),
        },
    ),
    (
        {"language": "node", "kind": "job"},
        {
            *("src/job.js", "src/run.js", "src/work.js", "test/run.test.js"),
            *("docker/libraries.sh", "docker/strip.mjs", "package-lock.json"),
        },
    ),
    (
        {"language": "node", "framework": "vite", "flavor": "slim", "package_manager": "pnpm"},
        VITE | {"docker/healthcheck.pl", "pnpm-lock.yaml", "pnpm-workspace.yaml"},
    ),
    (
        {"language": "node", "framework": "vite", "package_manager": "yarn"},
        VITE | {"yarn.lock", ".yarnrc.yml"},
    ),
]


@table(("answers", "files"), SAMPLES)
def test_a_project_has_what_it_is_made_of(
    make: Make, answers: dict[str, Any], files: set[str]
) -> None:
    """With a certificate authority, there is one more file, except for nginx, which trusts none."""
    expected = EVERYWHERE | LANGUAGES[answers.get("language", "python")] | files
    assert set(tree(make(**answers))) == expected
    authority = {"docker/ca-certificates.crt"} if answers.get("framework") != "vite" else set()
    assert set(tree(make(**answers, ca_certificates=CA))) == expected | authority
