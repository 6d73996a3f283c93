"""Evidence: what a program needs to start, in the command or in a variable."""

from dockgen.detect.model import Evidence, Setting
from tests.table import table


@table(
    ("name", "entry", "missing"),
    [
        ("--device", ("./app",), ["--device"]),
        ("--device", ("./app", "--device=eth0"), []),
        ("--device", ("./app", "-device", "eth0"), []),
        ("--device", ("./app", "--devices=2"), ["--device"]),
        ("<file>", ("./app", "notes.txt"), ["<file>"]),
        ("--device", ("--device",), ["--device"]),
        ("--device", (), ["--device"]),
    ],
)
def test_an_argument_is_missing_unless_the_command_has_it(
    name: str, entry: tuple[str, ...], missing: list[str]
) -> None:
    """An argument is missing unless the command has it."""
    evidence = Evidence()
    evidence.require(name, "", entry, "main.go", 3)
    assert [one.value for one in evidence.of("argument")] == missing


def test_a_variable_takes_the_place_of_the_argument() -> None:
    """It is required from then on, and known once."""
    evidence = Evidence()
    evidence.add("setting", Setting("DEVICE", "eth0"), "os.Getenv")
    evidence.add("setting", Setting("OTHER"), "os.Getenv")
    evidence.require("--device", "DEVICE", (), "main.go", 3)
    assert evidence.of("argument") == []
    assert [one.value for one in evidence.of("setting")] == [
        Setting("OTHER"),
        Setting("DEVICE", None, required=True),
    ]
