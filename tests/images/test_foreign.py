"""`dockgen check` on programs that aren't from dockgen: it finds out what they need."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dockgen import check, engine
from dockgen.check import Checked
from dockgen.contract import Run
from dockgen.engine import BuildOptions
from dockgen.errors import ProjectError
from dockgen.matrix import Workload
from dockgen.targets import target
from dockgen.targets.target import Asked
from tests.images.test_bad_projects import SOUND

FROM = "FROM alpine:3.24\n"
# Serves in the foreground, and ends when it is told to.
SERVE = (
    "trap 'exit 0' TERM; mkdir /tmp/w; echo hi > /tmp/w/index.html; httpd -f -p {} -h /tmp/w & wait"
)
MADE = ("DG204", "DG205", "DG207")


def command(words: str) -> str:
    """A CMD that a shell runs."""
    return f"CMD {json.dumps(['sh', '-ec', words])}\n"


Checks = Callable[..., Checked]


@pytest.fixture
def checked(tmp_path: Path) -> Checks:
    """Check a folder with this Dockerfile."""

    def run(dockerfile: str, asked: Asked | None = None, name: str = "Dockerfile") -> Checked:
        (tmp_path / name).write_text(dockerfile)
        asked = asked or Asked(gzip_sizes=False)
        return check.check(target.find(tmp_path, asked), lambda _words: None)

    return run


def broken(result: Checked, *codes: str) -> list[str]:
    """Return which of these rules fail."""
    return [code for code in codes if result.holds(code) is False]


def test_a_hardened_run_is_enough(checked: Checks) -> None:
    """Then nothing is needed; that it has no health check is one finding."""
    result = checked(FROM + "EXPOSE 8080\nUSER 1000:1000\n" + command(SERVE.format(8080)))
    assert result.needs == ()
    assert (result.contract.workload, result.contract.port) == (Workload.SERVICE, 8080)
    assert result.seen is not None
    assert result.seen.root_status == 200
    assert broken(result, *MADE, "DG101", "DG102", "DG201", "DG202", "DG208") == ["DG102"]


def test_what_it_needs_is_found_out(checked: Checks) -> None:
    """Each part of the hardening that it bears is kept, and the others are findings."""
    words = "echo x > /etc/state; chown 1000 /etc/state; " + SERVE.format(80)
    result = checked(FROM + command(words), name="Containerfile")
    assert result.needs == (
        "writes /etc/state",
        "needs capabilities: CHOWN",
        "listens on port 80",
    )
    assert broken(result, *MADE, "DG201", "DG202", "DG206", "DG208") == list(MADE)


def test_only_what_it_needs_is_given(checked: Checks) -> None:
    """A program that writes to its root still runs without capabilities."""
    result = checked(FROM + "EXPOSE 8080\n" + command("echo x > /state; " + SERVE.format(8080)))
    assert result.needs == ("writes /state",)
    assert broken(result, *MADE) == ["DG207"]


def test_what_is_missing_is_named(checked: Checks) -> None:
    """It is named until it is given."""
    text = (
        FROM + "EXPOSE 8080\n" + command("echo ${DATABASE_URL:?is not set}; " + SERVE.format(8080))
    )
    result = checked(text)
    assert result.needs == ("needs DATABASE_URL",)
    assert broken(result, "DG201", "DG202") == ["DG201", "DG202"]
    given = Asked(run=Run(environment={"DATABASE_URL": "x"}), gzip_sizes=False)
    result = checked(text, given)
    assert (result.needs, broken(result, "DG201", "DG202")) == ((), [])


def test_what_it_does_is_seen(checked: Checks) -> None:
    """One that exits with 0 is a job; one that listens is a service, even on an unknown port."""
    result = checked(FROM + 'CMD ["true"]\n')
    assert result.contract.workload is Workload.JOB
    assert broken(result, "DG102", "DG209") == []
    result = checked(FROM + command(SERVE.format(9000)))
    assert (result.contract.workload, result.contract.port) == (Workload.SERVICE, 9000)
    assert result.seen is not None
    assert result.seen.root_status == 200
    result = checked(FROM + command("trap 'exit 0' TERM; sleep 600 & wait"))
    assert result.contract.workload is Workload.WORKER
    assert broken(result, "DG201", "DG208") == []


def test_a_page_that_is_named_has_to_be_there(checked: Checks) -> None:
    """A missing front page is only a finding if a path was given."""
    text = FROM + "EXPOSE 8080\n" + command(SERVE.format(8080).replace("index", "other"))
    assert broken(checked(text), "DG202") == []
    result = checked(text, Asked(run=Run(path="/"), gzip_sizes=False))
    assert broken(result, "DG202") == ["DG202"]


def test_a_slow_health_check_is_not_waited_for(checked: Checks) -> None:
    """The first probe would come after five minutes: DG103 says so, and the start is measured."""
    check_words = 'HEALTHCHECK --interval=300s CMD ["wget", "-qO-", "localhost:8080"]\n'
    result = checked(FROM + "EXPOSE 8080\n" + check_words + command(SERVE.format(8080)))
    assert result.seen is not None
    assert result.seen.healthy_seconds is not None
    assert broken(result, "DG102", "DG103", "DG201") == ["DG103"]


def test_how_it_is_built(tmp_path: Path) -> None:
    """A file of another name, a stage, an argument and a secret, as docker build takes them."""
    (tmp_path / "key").write_text("hunter2")
    text = (
        FROM.strip() + " AS one\nARG WORD\nRUN --mount=type=secret,id=key"
        ' test "$(cat /run/secrets/key) $WORD" = "hunter2 given"\nCMD ["true"]\n'
        "FROM one\nRUN false\n"
    )
    (tmp_path / "other").write_text(text)
    build = BuildOptions(
        tmp_path / "other", "one", ("WORD=given",), (f"id=key,src={tmp_path / 'key'}",)
    )
    (tmp_path / "Dockerfile").write_text("this can't be built\n")
    found = target.find(tmp_path, Asked(build=build, gzip_sizes=False))
    result = check.check(found, lambda _words: None)
    assert result.contract.workload is Workload.JOB
    assert result.image.base_layers == len(result.image.layers) - 1


def test_a_build_that_hangs_is_ended(checked: Checks) -> None:
    """After the time that it was given."""
    asked = Asked(run=Run(timeout_seconds=3), gzip_sizes=False)
    with pytest.raises(engine.BuildError, match="took longer than 3 s"):
        checked(FROM + "RUN sleep 600\n", asked)


def test_a_compose_file_that_dockgen_did_not_make(tmp_path: Path) -> None:
    """Its service is run as it says; the one that is asked for, with what it is given."""
    (tmp_path / "Dockerfile").write_text(FROM + command(SERVE.format("$PORT")))
    (tmp_path / "compose.yaml").write_text(
        "services:\n"
        "  one: {build: ., environment: {PORT: '1'}}\n"
        "  two: {build: ., environment: {PORT: '8081'}, expose: [8081], read_only: true,"
        " tmpfs: [/tmp], cap_drop: [ALL], security_opt: ['no-new-privileges:true']}\n"
    )
    asked = Asked(run=Run(service="two", memory_mb=64), gzip_sizes=False)
    result = check.check(target.find(tmp_path, asked), lambda _words: None)
    assert result.contract.port == 8081
    assert result.seen is not None
    assert result.seen.root_status == 200
    assert broken(result, *MADE, "DG202") == []
    assert broken(result, "DG203") == ["DG203"]
    with pytest.raises(ProjectError, match="has no service three"):
        check.check(target.find(tmp_path, Asked(run=Run(service="three"))), lambda _words: None)


def test_an_image_saved_in_other_ways(tmp_path: Path) -> None:
    """A tar, a compressed one and an unpacked layout hold the same image; nothing is started."""
    with engine.temporary_image(SOUND) as tag:
        engine.save(tag, tmp_path / "image.tar")
        (tmp_path / "layout").mkdir()
        with tarfile.open(tmp_path / "image.tar") as archive:
            archive.extractall(tmp_path / "layout", filter="data")
        subprocess.run(["gzip", "--keep", tmp_path / "image.tar"], check=True)
        of_engine = check.read_image(tag)
    results = [
        check.check(target.find(tmp_path / name, Asked()), lambda _words: None)
        for name in ("image.tar", "image.tar.gz", "layout")
    ]
    for result in results:
        assert result.image == of_engine
        assert result.seen is None
        assert {result.holds(rule.code) for rule in result.rules if rule.code > "DG2"} == {None}
        assert {code[:3] for code in result.left_out} == {"DG0", "DG2"}
    shutil.rmtree(tmp_path / "layout")


_ZSTD = ",compression=zstd,force-compression=true"


# One after the other: of two builds at once, the builder may not find again what it has built.
@pytest.mark.xdist_group("buildx")
@pytest.mark.parametrize(
    "output",
    ["", ",tar=false", _ZSTD],
    ids=["tar", "folder", "zstd"],
)
def test_what_buildx_writes_is_read(tmp_path: Path, output: str) -> None:
    """An OCI layout, its provenance beside it, contains the image that the engine has."""
    (tmp_path / "Dockerfile").write_text(FROM + "RUN echo x > /x\nEXPOSE 80\n")
    saved = tmp_path / "saved"
    with engine.temporary_image(tmp_path) as tag:
        of_engine = check.read_image(tag, gzip_sizes=False)
        words = ("--provenance=mode=max", f"--output=type=oci,dest={saved}{output}")
        subprocess.run(["docker", "buildx", "build", *words, tmp_path],
                       check=True, capture_output=True)  # fmt: skip
    asked = Asked(gzip_sizes=False)
    result = check.check(target.find(saved, asked), lambda _words: None)
    if output == _ZSTD:
        # Each layer is packed again, and the base's not always as it was.
        paths = [
            [sorted(file.path for file in layer.files) for layer in image.layers[1:]]
            for image in (result.image, of_engine)
        ]
        assert paths[0] == paths[1] != []
    else:
        assert result.image.layers == of_engine.layers
    assert result.contract.port == 80
