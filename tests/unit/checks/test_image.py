"""The image rules, each in both directions, on handmade images."""

import itertools
from dataclasses import replace

from dockgen import matrix
from dockgen.checks import Finding, Place, check_image
from dockgen.contract import BASES, Contract, Limits, Policy
from dockgen.image import Config, File, HealthCheck, Image, Kind, Layer
from dockgen.matrix import Flavor, Workload
from tests.table import table

CONTRACT = Contract(
    workload=Workload.SERVICE,
    port=8080,
    limits=Limits(size_bytes=1_000_000, healthy_seconds=10, stop_seconds=2),
)
ON_SCRATCH = replace(CONTRACT, base=BASES[Flavor.SCRATCH])

PROBE = HealthCheck(
    ("CMD", "/usr/local/bin/my-app", "healthcheck"),
    start_period_seconds=10,
    start_interval_seconds=0.5,
)
CONFIG = Config(user="65532:65532", entrypoint=("/usr/local/bin/my-app",), health_check=PROBE)


def file(path: str, mode: int = 0o755, kind: Kind = Kind.FILE) -> File:
    """A file of root's."""
    return File(path, 1, mode, 0, 0, kind)


def layer(*files: File, size: int = 10_240) -> Layer:
    """A layer of these files and this size in bytes."""
    return Layer("sha256:0", size, size // 2, files)


BASE = layer(file("/usr/bin/sh"), file("/usr/bin/apt"))
PROGRAM = layer(file("/usr/local/bin/my-app"))


def findings(image: Image, contract: Contract = CONTRACT) -> list[str]:
    """Return the codes of an image's findings."""
    return [finding.rule for finding in check_image(image, contract)]


def configured(config: Config) -> Image:
    """Return an image that passes except for its configuration."""
    return Image(config, (BASE, PROGRAM), base_layers=1)


def holding(*files: File) -> Image:
    """Return an image that passes except for files of its last layer."""
    return Image(CONFIG, (BASE, layer(*files)), base_layers=1)


def test_a_sound_image_passes() -> None:
    """No rule fires without a reason: a shell and apt are part of a slim base."""
    assert check_image(configured(CONFIG), CONTRACT) == []


def test_a_sound_image_from_scratch_passes() -> None:
    """It passes on scratch, too."""
    assert check_image(Image(CONFIG, (PROGRAM,)), ON_SCRATCH) == []


def test_a_finding_says_what_and_what_to_do() -> None:
    """A finding can be read on its own."""
    image = configured(replace(CONFIG, user="root"))
    assert check_image(image, CONTRACT) == [
        Finding(
            "DG101", "the image runs as the user 'root'", "add to the last stage: USER 65532:65532"
        )
    ]


@table("user", ["65532:65532", "1:1"])
def test_dg101_passes_a_number(user: str) -> None:
    """Any number above 0 is a user that is not root."""
    assert findings(configured(replace(CONFIG, user=user))) == []


@table("user", ["", "0", "0:0", "root", "nobody", "nonroot:nonroot", "65532", "65532:0", "0:65532"])
def test_dg101_finds_root_and_names(user: str) -> None:
    """Root, names, and a user whose group is root's, are found."""
    assert findings(configured(replace(CONFIG, user=user))) == ["DG101"]


@table("test", [("CMD", "wget", "-q", "http://127.0.0.1:8080/healthz"), ("CMD", "sh")])
def test_dg102_passes_the_exec_form(test: tuple[str, ...]) -> None:
    """A program that is started directly is fine, whatever it is."""
    assert findings(configured(replace(CONFIG, health_check=replace(PROBE, test=test)))) == []


@table(
    "test",
    [
        (),
        ("NONE",),
        ("CMD",),
        ("CMD-SHELL", "wget -q http://127.0.0.1:8080/healthz"),
        ("CMD", "/bin/sh", "-c", "wget -q http://127.0.0.1:8080/healthz"),
    ],
)
def test_dg102_finds_none_and_shells(test: tuple[str, ...]) -> None:
    """No health check, one that is turned off and one that needs a shell are found."""
    assert findings(configured(replace(CONFIG, health_check=replace(PROBE, test=test)))) == [
        "DG102"
    ]


def test_dg102_finds_a_missing_health_check() -> None:
    """An image that doesn't mention its health is found, once."""
    assert findings(configured(replace(CONFIG, health_check=None))) == ["DG102"]


@table("test", [(), ("NONE",)])
def test_dg103_leaves_a_missing_health_check_to_dg102(test: tuple[str, ...]) -> None:
    """One mistake is one finding."""
    assert findings(configured(replace(CONFIG, health_check=HealthCheck(test)))) == ["DG102"]


def test_a_job_needs_no_health_check() -> None:
    """It ends by itself; whatever else holds for images holds for it, too."""
    job = replace(CONTRACT, workload=matrix.Workload.JOB, port=None)
    assert findings(configured(replace(CONFIG, health_check=None)), job) == []
    assert findings(configured(replace(CONFIG, health_check=None, user="")), job) == ["DG101"]


def test_dg103_passes_a_start_interval() -> None:
    """A start interval within a start period is fine."""
    check = replace(PROBE, start_period_seconds=20, start_interval_seconds=1)
    assert findings(configured(replace(CONFIG, health_check=check))) == []


@table(("period", "interval"), [(10.0, 0.0), (0.0, 1.0)])
def test_dg103_finds_a_late_first_probe(period: float, interval: float) -> None:
    """Without either, the first probe comes after the whole interval."""
    check = replace(PROBE, start_period_seconds=period, start_interval_seconds=interval)
    assert findings(configured(replace(CONFIG, health_check=check))) == ["DG103"]


@table(
    ("entrypoint", "command"),
    [
        (("/app",), ()),
        ((), ("python", "-m", "app")),
        (("/bin/sh",), ()),
        (("env", "-i"), ("sh",)),
        (("/bin/sh", "/start.sh"), ()),
        (("tini", "--"), ("app", "-c", "x")),
        (("tini", "--"), ()),
        ((), ("/bin/sh", "-c", "exec gunicorn --bind :$PORT main:app")),
        (("sh", "-c", "migrate && exec app"), ()),
    ],
)
def test_dg104_passes_the_exec_form(entrypoint: tuple[str, ...], command: tuple[str, ...]) -> None:
    """A program that is started directly is fine."""
    assert findings(configured(replace(CONFIG, entrypoint=entrypoint, command=command))) == []


@table(
    ("entrypoint", "command"),
    [
        ((), ()),
        (("tini", "-g", "--", "sh", "-c", "app"), ()),
        ((), ("/bin/sh", "-c", "exec app | tee log")),
        ((), ("/bin/sh", "-c", "exec 2>&1; app")),
        ((), ("/bin/sh", "-c", "python -m app")),
        (("bash",), ("-lc", "app")),
    ],
)
def test_dg104_finds_a_shell(entrypoint: tuple[str, ...], command: tuple[str, ...]) -> None:
    """A shell in between is found in either of the two, or across them."""
    image = configured(replace(CONFIG, entrypoint=entrypoint, command=command))
    assert findings(image) == ["DG104"]


def test_dg105_passes_an_image_at_its_limit() -> None:
    """To the byte: the limit itself is within it."""
    image = Image(CONFIG, (layer(size=400_000), layer(size=600_000)))
    assert findings(image) == []


def test_dg105_finds_one_byte_more() -> None:
    """To the byte: one more is over."""
    image = Image(CONFIG, (layer(size=400_000), layer(size=600_001)))
    (finding,) = check_image(image, CONTRACT)
    assert finding.rule == "DG105"
    assert "1 bytes over its limit of 1 MB" in finding.message


def test_dg105_passes_any_image_without_a_limit() -> None:
    """What dockgen didn't make may have none."""
    unlimited = replace(CONTRACT, limits=replace(CONTRACT.limits, size_bytes=None))
    assert findings(Image(CONFIG, (layer(size=10**12),)), unlimited) == []


def test_a_finding_names_the_last_layer_that_has_the_file() -> None:
    """Of those with the first of the paths."""
    layers = [
        replace(layer(*files), digest=digest)
        for digest, files in {
            "base": [file("/bin/sh")],
            "one": [file("/bin/su", 0o4755), file("/bin/x", 0o4755)],
            "two": [file("/bin/su", 0o4755)],
            "three": [file("/bin/x", 0o4755)],
        }.items()
    ]
    (finding,) = check_image(Image(CONFIG, tuple(layers), base_layers=1), CONTRACT)
    assert finding.place == Place("/bin/su", layer="two")


def test_dg106_passes_a_sticky_directory() -> None:
    """/tmp is sticky, and a setgid directory starts nothing."""
    image = holding(file("/tmp", 0o1777, Kind.DIRECTORY), file("/srv", 0o2755, Kind.DIRECTORY))
    assert findings(image) == []


@table("mode", [0o4755, 0o2755, 0o6755])
def test_dg106_finds_setuid_and_setgid(mode: int) -> None:
    """Either bit is found."""
    assert findings(holding(file("/usr/local/bin/helper", mode))) == ["DG106"]


BROUGHT = layer(file("/usr/bin/su", 0o4755))
CURED = layer(file("/usr/bin/su", 0o755))
REMOVED = layer(file("/usr/bin/su", 0, Kind.WHITEOUT))


@table(("base", "later"), itertools.product([(), (BASE,), (BASE, PROGRAM)], [CURED, REMOVED]))
def test_dg106_finds_what_a_later_layer_hides(base: tuple[Layer, ...], later: Layer) -> None:
    """It is still in the layer below, where the project put it; the first one, too."""
    image = Image(CONFIG, (*base, BROUGHT, later), base_layers=len(base))
    assert findings(image) == ["DG106"]


@table("base", [(BROUGHT,), (BASE, BROUGHT), (BASE, BROUGHT, PROGRAM)])
def test_dg106_passes_what_the_project_hides_of_its_base(base: tuple[Layer, ...]) -> None:
    """The base's own layers can't be changed; that no container sees the bit is what can be had."""
    assert findings(Image(CONFIG, (*base, CURED), base_layers=len(base))) == []
    assert findings(Image(CONFIG, (*base, REMOVED), base_layers=len(base))) == []


def test_dg106_finds_what_the_base_leaves_in_sight() -> None:
    """The base's setuid files are found as long as a container sees them."""
    assert findings(Image(CONFIG, (BROUGHT, PROGRAM), base_layers=1)) == ["DG106"]


def test_dg106_guesses_no_base() -> None:
    """Where it is unknown, nothing is said of a layer that may be the base's."""
    assert findings(Image(CONFIG, (BASE, BROUGHT, CURED))) == []
    assert findings(Image(CONFIG, (BASE, BROUGHT))) == ["DG106"]


def test_a_finding_names_a_few_files() -> None:
    """Five of them; the rest are counted."""
    files = [file(f"/bin/{letter}", 0o4755) for letter in "abcdef"]
    (five,) = check_image(holding(*files[:5]), CONTRACT)
    assert five.message.endswith("files: /bin/a, /bin/b, /bin/c, /bin/d, /bin/e")
    (six,) = check_image(holding(*files), CONTRACT)
    assert six.message.endswith(", /bin/e and 1 more")


@table(
    "path",
    [
        "/usr/local/bin/python3.14",
        "/usr/share/doc/pip",
        "/app/src/npm",
        "/app/node_modules/express",
        "/usr/lib/go",
    ],
)
def test_dg107_passes_what_only_sounds_like_a_tool(path: str) -> None:
    """A name counts where commands are looked for."""
    assert findings(holding(file(path))) == []


def test_dg107_passes_what_cannot_be_started() -> None:
    """A file that nobody can execute isn't a tool."""
    assert findings(holding(file("/usr/local/bin/pip", 0o644))) == []


@table(
    "path",
    [
        "/usr/local/bin/npm",
        "/usr/local/bin/corepack",
        "/opt/yarn/bin/yarn",
        "/usr/local/bin/pip3.14",
        "/app/.venv/bin/uv",
        "/usr/local/go/bin/go",
        "/usr/bin/cc",
        "/usr/bin/gcc-14",
        "/usr/bin/x86_64-linux-gnu-gcc-14",
        "/usr/local/lib/python3.14/site-packages/pip",
        "/usr/local/lib/python3.14/ensurepip",
        "/usr/local/lib/node_modules/npm",
    ],
)
def test_dg107_finds_tools(path: str) -> None:
    """Package managers and compilers are found, with versions in their names too."""
    assert findings(holding(file(path))) == ["DG107"]


def test_dg107_passes_what_a_later_layer_removes() -> None:
    """A file that no container sees is no use to an intruder; its size counts in DG105."""
    image = Image(
        CONFIG,
        (BASE, layer(file("/usr/bin/npm")), layer(file("/usr/bin/npm", 0, Kind.WHITEOUT))),
    )
    assert findings(image) == []


def test_dg107_finds_the_distributions_tools_on_scratch() -> None:
    """An image from scratch has no distribution, and so no package manager of one."""
    image = Image(CONFIG, (layer(file("/usr/bin/dpkg")),))
    assert findings(image, ON_SCRATCH) == ["DG107"]


def test_dg108_passes_a_shell_in_slim() -> None:
    """Slim and alpine keep the shell of their base."""
    assert findings(holding(file("/usr/bin/bash"))) == []


@table("path", ["/bin/sh", "/usr/bin/bash", "/bin/busybox"])
def test_dg108_finds_a_shell_on_scratch(path: str) -> None:
    """On scratch, a shell is found."""
    assert findings(Image(CONFIG, (layer(file(path)),)), ON_SCRATCH) == ["DG108"]


REQUIRING = replace(CONTRACT, policy=Policy(required_labels=("a.vendor", "a.team")))


@table(
    ("labels", "words"),
    [
        ({"a.vendor": "Acme", "a.team": "x"}, []),
        ({"a.vendor": "Acme", "a.team": "x", "other": ""}, []),
        ({"a.vendor": "Acme"}, ["the label a.team is missing"]),
        ({"a.vendor": "Acme", "a.team": " "}, ["the label a.team is empty"]),
        ({}, ["the label a.vendor is missing", "the label a.team is missing"]),
    ],
)
def test_required_labels(labels: dict[str, str], words: list[str]) -> None:
    """Each that is asked for is there, with a text."""
    found = check_image(configured(replace(CONFIG, labels=labels)), REQUIRING)
    assert [finding.message for finding in found] == words
    assert {finding.rule for finding in found} <= {"DG109"}


def test_no_label_is_required_unasked() -> None:
    """Without a policy, there is none."""
    assert check_image(configured(CONFIG), CONTRACT) == []
