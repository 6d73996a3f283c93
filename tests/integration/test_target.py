"""How `dockgen check` interprets a path and its options."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from dockgen.contract import Run
from dockgen.engine import BuildOptions
from dockgen.errors import ProjectError, UsageError
from dockgen.image import Config, HealthCheck
from dockgen.matrix import Workload
from dockgen.targets import target
from dockgen.targets.target import Asked
from tests.conftest import ROOT

SOUND = ROOT / "tests/images/bad/sound"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a Dockerfile that dockgen didn't make."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_project_has_its_own_contract(folder: Path) -> None:
    """Given as a path or as the current folder; what is said on the command line counts more."""
    del folder
    found = target.find(SOUND, Asked())
    assert found.project is not None
    assert found.contract(Config()) == found.project.contract
    found = target.find(SOUND, Asked(limit_bytes=5, run=Run(port=9)))
    contract = found.contract(Config())
    assert (contract.limits.size_bytes, contract.port) == (5, 9)
    assert contract.limits.stop_seconds == found.project.limits.stop_seconds if found.project else 0
    assert contract.is_ours


def test_an_image_of_a_project_has_the_project_s_contract() -> None:
    """Its name doesn't matter."""
    found = target.find(SOUND, Asked(image="other:1"))
    assert (found.image, found.name) == ("other:1", "sound")
    assert found.contract(Config(ports=(80,))).port == 8080


@pytest.mark.parametrize("name", ["Dockerfile", "Containerfile"])
def test_a_folder_with_a_dockerfile(folder: Path, name: str) -> None:
    """A Dockerfile goes first, as for podman; without dockgen.toml nothing limits the size."""
    (folder / "Dockerfile").rename(folder / name)
    found = target.find(None, Asked())
    assert (found.dockerfile, found.project) == (folder / name, None)
    contract = found.contract(Config(ports=(80, 443)))
    assert (contract.workload, contract.port, contract.is_ours) == (Workload.SERVICE, 80, False)
    assert contract.limits.size_bytes is None


def test_what_is_said_counts_more_than_what_is_written(folder: Path) -> None:
    """And dockgen.toml overrides the image; variables are combined."""
    (folder / "dockgen.toml").write_text(
        "[limits]\nsize_mb = 5\n[check]\nport = 90\npath = '/a'\nenvironment = {A = '1', B = '1'}\n"
    )
    config = Config(ports=(80,))
    contract = target.find(folder, Asked()).contract(config)
    assert (contract.port, contract.page, contract.limits.size_bytes) == (90, "/a", 5_000_000)
    asked = Asked(run=Run(port=91, environment={"B": "2"}), limit_bytes=7)
    contract = target.find(folder, asked).contract(config)
    assert (contract.port, contract.page, contract.limits.size_bytes) == (91, "/a", 7)
    assert contract.run.environment == {"A": "1", "B": "2"}


@pytest.mark.parametrize(
    ("config", "workload"),
    [
        (Config(ports=(80,)), Workload.SERVICE),
        (Config(), Workload.SERVICE),
        (Config(health_check=HealthCheck(("CMD", "true"))), Workload.WORKER),
        (Config(ports=(80,), health_check=HealthCheck(("CMD", "true"))), Workload.SERVICE),
    ],
)
def test_what_a_program_does_is_read_from_its_image(
    folder: Path, config: Config, workload: Workload
) -> None:
    """Unless someone says it."""
    assert target.find(folder, Asked()).contract(config).workload is workload
    asked = Asked(run=Run(workload=Workload.JOB))
    assert target.find(folder, asked).contract(config).workload is Workload.JOB


def test_an_image_elsewhere_has_the_defaults(folder: Path) -> None:
    """A folder that happens to be the current one doesn't mention it; one that is named does."""
    found = target.find(None, Asked(image="other:1"))
    assert (found.name, found.directory, found.dockerfile) == ("other:1", None, None)
    found = target.find(folder, Asked(image="other:1"))
    assert (found.name, found.dockerfile) == ("other:1", folder / "Dockerfile")


def test_a_compose_file_is_run_unless_a_build_is_described(folder: Path) -> None:
    """Options of a build are for the Dockerfile; a compose file alone is enough."""
    (folder / "compose.yaml").write_text("services: {app: {build: .}}\n")
    assert target.find(folder, Asked()).composed
    assert not target.find(folder, Asked(build=BuildOptions(target="run"))).composed
    (folder / "Dockerfile").unlink()
    assert target.find(folder, Asked()).composed


def test_saved_images_are_known(folder: Path) -> None:
    """A file is one, and so is a folder that has what a layout has; a project's files aren't."""
    (folder / "image.tar").touch()
    assert target.find(folder / "image.tar", Asked()).saved == folder / "image.tar"
    layout = folder / "layout"
    layout.mkdir()
    (layout / "index.json").write_text(json.dumps({"manifests": []}))
    with pytest.raises(ProjectError, match="nothing to check"):
        target.find(layout, Asked())
    (layout / "oci-layout").touch()
    assert target.find(layout, Asked()).saved == layout


def test_answers_of_another_template_make_no_project(folder: Path) -> None:
    """Copier has many templates."""
    (folder / ".copier-answers.yml").write_text("_src_path: gh:other/template\nname: x\n")
    assert target.find(folder, Asked()).project is None
    (folder / ".copier-answers.yml").write_text("flavor: slim\n")
    with pytest.raises(ProjectError):
        target.find(folder, Asked())


def test_what_does_not_go_together_is_named(folder: Path) -> None:
    """With what to do."""
    (folder / "image.tar").touch()
    with pytest.raises(UsageError, match="which isn't built: --target, --secret"):
        target.find(folder / "image.tar", Asked(build=BuildOptions(target="a", secrets=("id=b",))))
    with pytest.raises(ProjectError, match="no file or folder app:1") as caught:
        target.find(Path("app:1"), Asked())
    assert caught.value.hint.endswith("--image app:1")
    with pytest.raises(ProjectError, match="no file other"):
        target.find(folder, Asked(build=BuildOptions(file=Path("other"))))


def test_the_build_of_a_monorepo_reads_its_repository(tmp_path: Path) -> None:
    """As far up as was recorded, and only in the repository whose git tracks the project."""
    folder = tmp_path / "shop/services/api"
    shutil.copytree(SOUND, folder)
    answers = folder / ".copier-answers.yml"
    recorded = "existing:\n  command: [api]\n  context: ../..\n"
    answers.write_text(answers.read_text() + recorded)
    git = ("git", "-C", str(tmp_path / "shop"))
    subprocess.run([*git, "init", "--quiet"], check=True)
    assert target.find(folder, Asked()).sources is None  # git doesn't track it

    subprocess.run([*git, "add", "services/api/Dockerfile"], check=True)
    found = target.find(folder, Asked())
    assert found.sources == (tmp_path / "shop").resolve()
    assert not found.contract(Config()).is_ours

    answers.write_text(answers.read_text().replace("../..", "../../.."))
    assert target.find(folder, Asked()).sources is None
