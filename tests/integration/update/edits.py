"""Ten typical edits of a project, all at once: each must survive an update."""

from pathlib import Path

from tests.integration.update.conftest import edit

DIGEST = "sha256:" + "5" * 64


def ten_edits(project: Path, base: str) -> None:
    """Edit a Python project on slim, of the first test release and with CI for GitHub.

    ``base`` is the new base image.
    """
    dockerfile = project / "Dockerfile"
    # 1: an additional RUN line
    edit(
        dockerfile,
        "COPY --from=build /rootfs/ /\n",
        "COPY --from=build /rootfs/ /\nRUN echo acme > /etc/owner\n",
    )
    # 2: another port on this machine
    edit(project / "compose.yaml", "${HOST_PORT:-8080}", "${HOST_PORT:-9000}")
    # 3: an additional service
    extra = f"  cache:\n    image: redis:8@{DIGEST}\n    profiles:\n      - cache\n"
    edit(project / "compose.yaml", "services:\n", f"services:\n{extra}\n")
    # 4: another path for the health check
    edit(project / "app/healthcheck.py", "/healthz", "/ready")
    edit(project / "app/main.py", '"/healthz"', '"/ready"')
    edit(project / "tests/test_main.py", "/healthz", "/ready")
    # 5: a deleted file
    (project / ".editorconfig").unlink()
    # 6: a renamed file of the app
    (project / "app/main.py").rename(project / "app/service.py")
    edit(project / "app/__main__.py", "app.main:app", "app.service:app")
    edit(project / "tests/test_main.py", "app.main", "app.service")
    # 7: an additional job in CI
    workflow = project / ".github/workflows/ci.yml"
    job = "\n  own:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: make own\n"
    workflow.write_text(workflow.read_text() + job)
    # 8: something more to keep out of the build
    edit(project / ".dockerignore", "*.zip\n", "*.zip\nbackups\n")
    # 9: an updated base image
    edit(dockerfile, "FROM debian:bookworm-slim AS base", f"FROM {base} AS base")
    # 10: additional text
    edit(project / "README.md", "## Limits\n", "## Who to ask\n\nAnn.\n\n## Limits\n")


def kept(project: Path, base: str) -> dict[str, bool]:
    """Return which of the ten edits are still there."""

    def has(name: str, text: str) -> bool:
        return (project / name).is_file() and text in (project / name).read_text()

    return {
        "own RUN line": has("Dockerfile", "RUN echo acme > /etc/owner"),
        "other port": has("compose.yaml", "${HOST_PORT:-9000}:8080"),
        "extra service": has("compose.yaml", f"redis:8@{DIGEST}"),
        "own health check": has("app/healthcheck.py", "GET /ready "),
        "removed file": not (project / ".editorconfig").exists(),
        "renamed file": has("app/service.py", '"/ready"')
        and not (project / "app/main.py").exists(),
        "own CI job": has(".github/workflows/ci.yml", "run: make own"),
        "own .dockerignore line": has(".dockerignore", "\nbackups\n"),
        "moved base image": has("Dockerfile", f"FROM {base} AS base"),
        "own README": has("README.md", "Ann."),
    }
