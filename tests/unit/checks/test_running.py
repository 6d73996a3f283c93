"""The running rules, each in both directions, on handmade observations."""

import itertools
from dataclasses import replace

from dockgen.checks import (
    Ended,
    Observation,
    Process,
    Severity,
    cannot_start,
    check_running,
    is_answered,
)
from dockgen.contract import Contract, Limits, Run
from dockgen.matrix import Workload
from dockgen.targets.sockets import Listener
from tests.table import table

CONTRACT = Contract(
    workload=Workload.SERVICE,
    port=8080,
    limits=Limits(size_bytes=1_000_000, healthy_seconds=10, stop_seconds=2),
)
PROCESS = Process(
    uids=(65532,) * 4, gids=(65532,) * 4, capabilities=0, no_new_privileges=True, seccomp=2
)
SEEN = Observation(
    healthy_seconds=1.3,
    root_status=200,
    process=PROCESS,
    read_only=True,
    changes=(),
    stop_exit_code=0,
    stop_seconds=0.3,
    log="listening\nbye\n",
)


WORKER = replace(CONTRACT, workload=Workload.WORKER, port=None)
JOB = replace(
    CONTRACT,
    workload=Workload.JOB,
    port=None,
    limits=Limits(size_bytes=1_000_000, healthy_seconds=0, stop_seconds=2, run_seconds=60),
)
DONE = replace(
    SEEN, healthy_seconds=None, root_status=None, stop_seconds=0, run_seconds=1.2, exit_code=0
)


def findings(seen: Observation, contract: Contract = CONTRACT) -> list[str]:
    """Return the codes of an observation's findings."""
    return [finding.rule for finding in check_running(seen, contract)]


def test_a_sound_container_passes() -> None:
    """No rule fires without a reason."""
    assert check_running(SEEN, CONTRACT) == []


def test_dg201_passes_at_the_limit() -> None:
    """The limit itself is in time."""
    assert findings(replace(SEEN, healthy_seconds=10.0)) == []


def test_dg201_finds_what_is_late() -> None:
    """Healthy after the limit is found."""
    assert findings(replace(SEEN, healthy_seconds=10.01)) == ["DG201"]
    assert findings(replace(SEEN, healthy_seconds=10.01, ready_seconds=1.0)) == ["DG201"]
    unchecked = replace(SEEN, healthy_seconds=None, ready_seconds=1.0, is_unchecked=True)
    assert findings(unchecked) == []


def test_dg201_finds_what_never_turns_healthy() -> None:
    """Never is found, and the last lines of the log say why."""
    (finding,) = check_running(replace(SEEN, healthy_seconds=None), CONTRACT)
    assert finding.rule == "DG201"
    assert finding.message.endswith("it last printed: listening | bye")


def test_dg201_finds_what_ends_at_once() -> None:
    """It says how, and nobody stopped it: DG208 has nothing to add."""
    seen = replace(SEEN, healthy_seconds=None, ended_early=True, stop_exit_code=1)
    (finding,) = check_running(seen, CONTRACT)
    assert finding.rule == "DG201"
    assert finding.message.startswith("it ended with exit code 1 before it was healthy; it last")
    # One that was healthy ended later, and that is a finding.
    (later,) = check_running(replace(seen, healthy_seconds=1.0), CONTRACT)
    assert later.rule == "DG208"


def test_dg201_finds_a_health_check_that_never_succeeds() -> None:
    """Also of a program that listens; one without a health check only has to do that."""
    seen = replace(SEEN, healthy_seconds=None, ready_seconds=0.5)
    others = replace(CONTRACT, is_ours=False)
    assert [one.rule for one in check_running(seen, others)] == ["DG201"]
    assert check_running(replace(seen, is_unchecked=True), others) == []


def test_dg201_finds_what_has_no_health_check() -> None:
    """Nothing was waited for, so no time is named."""
    seen = replace(SEEN, healthy_seconds=None, is_unchecked=True)
    (finding,) = check_running(seen, CONTRACT)
    assert finding.message.startswith("it has no health check: the Dockerfile has none, or")
    (others,) = check_running(seen, replace(CONTRACT, is_ours=False))
    assert "within 10 s" in others.message


@table(
    ("log", "named"),
    [
        ("exec /usr/local/bin/my-app: no such file or directory\n", True),
        ("open /etc/app.toml: no such file or directory\n", False),
    ],
)
def test_dg201_tells_a_missing_loader(log: str, named: bool) -> None:
    """The kernel's message names a file that exists; the hint names the missing one."""
    (finding,) = check_running(replace(SEEN, healthy_seconds=None, log=log), CONTRACT)
    assert ("CGO_ENABLED=0" in finding.hint) is named


def test_dg202_passes_200() -> None:
    """200 is an answer."""
    assert findings(replace(SEEN, root_status=200)) == []


@table(
    ("status", "words"),
    [
        (None, "gets no answer"),
        *((status, f"returns status {status}, not 200") for status in (204, 301, 404, 500)),
    ],
)
def test_dg202_finds_any_other_answer(status: int | None, words: str) -> None:
    """Another status, or none, is found."""
    (finding,) = check_running(replace(SEEN, root_status=status), CONTRACT)
    assert finding.rule == "DG202"
    assert finding.message == f"GET / on port {CONTRACT.port} {words}"


def test_a_service_answers_with_200() -> None:
    """As DG202 has it."""
    assert is_answered(replace(SEEN, root_status=200), CONTRACT)
    assert not is_answered(replace(SEEN, root_status=None), CONTRACT)


def test_what_cannot_start_breaks_the_first_rule_of_its_kind() -> None:
    """A service never turns healthy; a job never runs to its end."""
    found = [cannot_start("no space left", contract) for contract in (CONTRACT, WORKER, JOB)]
    assert [finding.rule for finding in found] == ["DG201", "DG201", "DG209"]
    assert "no space left" in found[0].message


def test_dg202_asks_nothing_that_cannot_be_reached() -> None:
    """An engine on another machine, behind a firewall."""
    assert findings(replace(SEEN, root_status=None, is_reached=False)) == []


@table(
    ("status", "found", "answers"),
    [
        (404, (), True),
        (500, (), False),
        (None, (Listener(8080, "::"),), True),
        (None, (Listener(8080, "127.0.0.1"),), False),
        (None, None, False),
    ],
)
def test_dg202_is_content_with_any_answer_of_others(
    status: int | None, found: tuple[Listener, ...] | None, *, answers: bool
) -> None:
    """It may have another first page, or not speak HTTP; a page that is named has to be there."""
    seen = replace(SEEN, root_status=status, listening=found, ipv6=False, exposed=(8080,))
    theirs = replace(CONTRACT, is_ours=False)
    assert ("DG202" not in findings(seen, theirs)) is answers
    assert is_answered(seen, theirs) is answers
    assert "DG202" in findings(seen, replace(theirs, run=Run(path="/health")))


def test_what_runs_out_of_memory_says_so_once() -> None:
    """Not that it is slow, or ignores SIGTERM; and how much it had, if that is known."""
    short = replace(SEEN, memory_bytes=64 * 10**6, stop_exit_code=137)
    for seen, contract, code in (
        (replace(short, healthy_seconds=None), CONTRACT, "DG201"),
        (short, CONTRACT, "DG208"),
        (replace(DONE, memory_bytes=64 * 10**6, exit_code=137), JOB, "DG209"),
    ):
        (finding,) = check_running(seen, contract)
        assert finding.rule == code
        assert finding.message.endswith("it needs more than its limit of 64 MB")
    (finding,) = check_running(replace(short, memory_bytes=0), CONTRACT)
    assert finding.message.endswith("it needs more than its limit")


def test_dg203_passes_any_other_account() -> None:
    """Every account but root's is fine."""
    process = replace(PROCESS, uids=(1,) * 4, gids=(1,) * 4)
    assert findings(replace(SEEN, process=process)) == []


@table(("field", "ids"), itertools.product(["uids", "gids"], [(0,) * 4, (65532, 65532, 0, 65532)]))
def test_dg203_finds_root(field: str, ids: tuple[int, ...]) -> None:
    """Root is found as user and as group, also where a process could go back to it."""
    process = replace(PROCESS, **{field: ids})  # type: ignore[arg-type]
    assert findings(replace(SEEN, process=process)) == ["DG203"]


def test_dg204_passes_no_capability() -> None:
    """The empty set is fine."""
    assert findings(replace(SEEN, process=replace(PROCESS, capabilities=0))) == []


def test_dg204_finds_a_capability() -> None:
    """One bit, here NET_BIND_SERVICE, is found."""
    assert findings(replace(SEEN, process=replace(PROCESS, capabilities=1 << 10))) == ["DG204"]


def test_dg205_passes_no_new_privileges() -> None:
    """The flag is fine."""
    assert findings(replace(SEEN, process=replace(PROCESS, no_new_privileges=True))) == []


def test_dg205_finds_new_privileges() -> None:
    """A process that can gain privileges is found."""
    process = replace(PROCESS, no_new_privileges=False)
    assert findings(replace(SEEN, process=process)) == ["DG205"]


def test_dg206_passes_a_filter() -> None:
    """A filter is fine."""
    assert findings(replace(SEEN, process=replace(PROCESS, seccomp=2))) == []


@table("seccomp", [0, 1])
def test_dg206_finds_no_filter(seccomp: int) -> None:
    """Anything but a filter is found."""
    assert findings(replace(SEEN, process=replace(PROCESS, seccomp=seccomp))) == ["DG206"]


def test_a_process_that_cannot_be_seen_is_not_taken_for_good() -> None:
    """Four rules look at the process, and none passes blindly."""
    assert findings(replace(SEEN, process=None)) == ["DG203", "DG204", "DG205", "DG206"]


def test_a_process_that_never_came_up_is_one_finding() -> None:
    """Where there was nothing to see, the rule about health has said so."""
    assert findings(replace(SEEN, process=None, healthy_seconds=None)) == ["DG201"]


def test_dg207_passes_an_untouched_root() -> None:
    """Read-only and without a change is fine."""
    assert findings(replace(SEEN, read_only=True, changes=())) == []


@table(
    ("read_only", "changes"),
    [(False, ()), (True, ("C /var", "A /var/cache"))],
)
def test_dg207_finds_a_root_that_is_not_left_alone(
    read_only: bool, changes: tuple[str, ...]
) -> None:
    """A root that may be written is found, and one that was."""
    assert findings(replace(SEEN, read_only=read_only, changes=changes)) == ["DG207"]


def test_dg208_passes_at_the_limit() -> None:
    """The limit itself is in time."""
    assert findings(replace(SEEN, stop_seconds=2.0)) == []


@table(
    ("exit_code", "seconds", "words"),
    [
        (0, 2.01, "took 2.01 s to stop, the limit is 2 s"),
        (137, 5.0, "had to be killed, 5.00 s after SIGTERM"),
        (143, 0.1, "ended with exit code 143, not 0; it last printed: listening | bye"),
        (1, 0.1, "ended with exit code 1, not 0"),
    ],
)
def test_dg208_finds_a_bad_end(exit_code: int, seconds: float, words: str) -> None:
    """Slow, killed and failed containers get different messages."""
    seen = replace(SEEN, stop_exit_code=exit_code, stop_seconds=seconds)
    (finding,) = check_running(seen, CONTRACT)
    assert finding.rule == "DG208"
    assert words in finding.message


def test_dg208_warns_of_others_that_the_signal_ends() -> None:
    """A program that dockgen didn't make may leave SIGTERM to the system."""
    seen = replace(SEEN, stop_exit_code=143)
    (warning,) = check_running(seen, replace(CONTRACT, is_ours=False))
    (error,) = check_running(seen, CONTRACT)
    assert (warning.rule, warning.severity) == ("DG208", Severity.WARNING)
    assert (error.rule, error.severity) == ("DG208", Severity.ERROR)


def test_a_worker_answers_nobody() -> None:
    """It has no port, and is held to all other rules."""
    seen = replace(SEEN, root_status=None)
    assert findings(seen, WORKER) == []
    assert findings(seen) == ["DG202"]
    assert findings(replace(seen, healthy_seconds=None), WORKER) == ["DG201"]


def test_dg208_warns_of_what_the_signal_itself_ends_if_it_is_not_ours() -> None:
    """Any other code is an error, whoever made it; a job may end with any."""
    theirs = replace(CONTRACT, is_ours=False)
    for code, severity in ((143, Severity.WARNING), (1, Severity.ERROR)):
        (finding,) = check_running(replace(SEEN, stop_exit_code=code), theirs)
        assert (finding.rule, finding.severity) == ("DG208", severity)
    endless = replace(DONE, run_seconds=None, exit_code=None, stop_exit_code=143)
    assert findings(endless, replace(JOB, is_ours=False)) == ["DG209"]


def test_a_job_has_no_health() -> None:
    """It needn't be stopped either, if it has ended by itself."""
    assert findings(DONE, JOB) == []


def test_a_job_that_ended_too_soon_to_be_seen_passes() -> None:
    """A process that is gone can't be looked at."""
    assert findings(replace(DONE, process=None), JOB) == []


def test_dg209_passes_at_the_limit() -> None:
    """The limit itself is in time."""
    assert findings(replace(DONE, run_seconds=60.0), JOB) == []


def test_dg209_finds_what_is_late() -> None:
    """An end after the limit is found."""
    assert findings(replace(DONE, run_seconds=60.01), JOB) == ["DG209"]


def test_dg209_finds_a_job_that_failed() -> None:
    """The last lines of the log say why."""
    (finding,) = check_running(replace(DONE, exit_code=3), JOB)
    assert finding.rule == "DG209"
    assert finding.message == "it ended with exit code 3, not 0; it last printed: listening | bye"


def test_dg209_finds_a_job_without_an_end() -> None:
    """It was stopped, and may then end with any code but that of a kill."""
    endless = replace(DONE, run_seconds=None, exit_code=None, stop_exit_code=143, stop_seconds=0.3)
    assert findings(endless, JOB) == ["DG209"]
    assert findings(replace(endless, stop_exit_code=137), JOB) == ["DG208", "DG209"]
    assert findings(replace(endless, stop_seconds=2.5), JOB) == ["DG208", "DG209"]


def listening(*found: Listener) -> Observation:
    """Return a container that passes and listens on these ports."""
    return replace(SEEN, listening=found, ipv6=True, exposed=(8080,))


BOTH = Listener(8080, "::")
IPV4 = Listener(8080, "0.0.0.0")
LOCAL = Listener(8080, "127.0.0.1")


@table(
    ("found", "words"),
    [
        (
            (LOCAL, Listener(8080, "::1")),
            ": it listens on 127.0.0.1:8080 only, which can't be reached from outside the"
            " container",
        ),
        ((Listener(3000, "::"),), ": it listens on [::]:3000"),
        ((), ""),
        ((BOTH,), ""),
    ],
)
def test_dg202_says_where_it_listens(found: tuple[Listener, ...], words: str) -> None:
    """If it doesn't answer; an answer is proof enough, whatever else is seen."""
    silent = replace(listening(*found), root_status=None, exposed=(3000, 8080))
    messages = [one.message for one in check_running(silent, CONTRACT) if one.rule == "DG202"]
    assert messages == [f"GET / on port 8080 gets no answer{words}"]
    assert "DG202" not in findings(listening(LOCAL))


def test_dg210_finds_a_port_that_is_not_exposed() -> None:
    """Once, on however many addresses; what only the container reaches needs no name."""
    other = (Listener(9090, "::"), Listener(9090, "0.0.0.0"))
    (finding,) = check_running(listening(BOTH, *other), CONTRACT)
    assert (finding.rule, finding.severity) == ("DG210", Severity.WARNING)
    assert finding.hint == "add to the last stage: EXPOSE 9090"
    assert findings(listening(BOTH, Listener(9229, "127.0.0.1"))) == []
    assert findings(replace(listening(BOTH, *other), exposed=(8080, 9090))) == []


def test_dg211_finds_one_family() -> None:
    """IPv6 takes IPv4, too, but not the other way; nothing is asked where there is no IPv6."""
    (finding,) = check_running(listening(IPV4), CONTRACT)
    assert (finding.rule, finding.severity) == ("DG211", Severity.INFO)
    assert findings(listening(BOTH)) == []
    assert findings(listening(IPV4, BOTH)) == []
    other = replace(listening(BOTH, Listener(9090, "0.0.0.0")), exposed=(8080, 9090))
    assert findings(other) == []
    assert findings(replace(listening(IPV4), ipv6=False)) == []
    assert findings(replace(listening(IPV4), listening=None)) == []
    assert findings(listening(LOCAL)) == []  # DG202 says so
    elsewhere = replace(listening(Listener(9090, "0.0.0.0")), exposed=(8080, 9090))
    assert findings(elsewhere) == []


@table(
    ("held", "words", "severity"),
    [
        (Ended(137, 5.0), "it had to be killed, 5.00 s after SIGTERM", Severity.ERROR),
        (Ended(1, 0.1), "it ended with exit code 1, not 0", Severity.ERROR),
        (Ended(0, 2.1), "it took 2.10 s to stop, the limit is 2 s", Severity.WARNING),
    ],
)
def test_dg212_finds_a_connection_that_holds_it_up(
    held: Ended, words: str, severity: Severity
) -> None:
    """Killed, with a code, or late; if it doesn't stop without one either, DG208 says so."""
    seen = replace(SEEN, kept_open=True, held_up=held, stop_seconds=2.0)
    (finding,) = check_running(seen, CONTRACT)
    assert (finding.rule, finding.severity) == ("DG212", severity)
    assert words in finding.message
    assert findings(replace(seen, stop_exit_code=137)) == ["DG208"]
    assert findings(replace(seen, stop_seconds=2.1)) == ["DG208"]
    assert findings(replace(seen, held_up=None)) == []


def test_dg202_names_no_port_that_is_unknown() -> None:
    """An image that ended before it listened, and that exposes none."""
    (finding,) = check_running(replace(SEEN, root_status=None), replace(CONTRACT, port=None))
    assert finding.message == "GET / gets no answer"
