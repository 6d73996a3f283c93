"""Rules DG210…: what must hold for the ports and connections of a running container."""

from collections.abc import Iterator

from dockgen.checks.model import Severity, Violation, rule
from dockgen.checks.running import KILLED, Observation
from dockgen.contract import Contract
from dockgen.matrix import Workload


@rule(
    "DG210",
    fix="add to the last stage: EXPOSE 8080",
    sources=["Dockerfile reference, EXPOSE", "OCI image specification, ExposedPorts"],
    severity=Severity.WARNING,
    at=["EXPOSE", "ENTRYPOINT", "CMD"],
)
def exposes_its_ports(seen: Observation, _contract: Contract) -> Iterator[Violation]:
    """Exposes each port that it listens on.

    EXPOSE tells people, proxies and platforms where the service listens, and many use that port. A
    port that isn't exposed is easy to overlook, such as the port of a debugger or of metrics.
    """
    for port in sorted({one.port for one in seen.listening or () if not one.is_local}):
        if port not in seen.exposed:
            yield Violation(
                f"it listens on port {port}, which the image doesn't expose",
                f"add to the last stage: EXPOSE {port}",
            )


@rule(
    "DG211",
    Workload.SERVICE,
    fix="listen on [::], which accepts IPv4, too",
    sources=["RFC 6540, IPv6 support required for all IP-capable nodes"],
    severity=Severity.INFO,
    at=["ENTRYPOINT", "CMD"],
)
def listens_on_both_families(seen: Observation, contract: Contract) -> Iterator[Violation]:
    """Listens on IPv4 and IPv6.

    On a network with only IPv6, you can't reach a service that listens only on IPv4. Many programs
    also resolve `localhost` to ::1. If the kernel has no IPv6, this rule passes.
    """
    here = [one for one in seen.listening or () if one.port == contract.port and not one.is_local]
    if here and seen.ipv6 and not any(":" in one.address for one in here):
        yield Violation(
            f"it listens on {here[0]} only, so it can't be reached over IPv6",
            f"listen on [::]:{contract.port}, which accepts IPv4, too",
        )


@rule(
    "DG212",
    Workload.SERVICE,
    fix="on SIGTERM, close idle connections, finish the open requests, then exit with 0",
    sources=["twelve-factor app, IX. Disposability", "Kubernetes, termination of pods"],
    at=["STOPSIGNAL", "ENTRYPOINT", "CMD"],
)
def stops_with_a_connection(seen: Observation, contract: Contract) -> Iterator[Violation]:
    """Stops while a client keeps a connection open.

    Load balancers and browsers keep connections open for the next request. If a server waits until
    they close, each deployment kills it, with the requests that it is serving. This rule keeps one
    connection open after a response; DG208 stops the container without one. The time limit is the
    same. A server that exits a little later, because it checks for closed connections now and then,
    gets only a warning.
    """
    limit = contract.limits.stop_seconds
    if seen.held_up is None or seen.stop_exit_code != 0 or seen.stop_seconds > limit:
        return  # DG208 reports that
    severity = None
    if seen.held_up.exit_code == KILLED:
        found = f"it had to be killed, {seen.held_up.seconds:.2f} s after SIGTERM"
    elif seen.held_up.exit_code != 0:
        found = f"it ended with exit code {seen.held_up.exit_code}, not 0"
    else:
        found = f"it took {seen.held_up.seconds:.2f} s to stop, the limit is {limit:g} s"
        severity = Severity.WARNING
    yield Violation(
        f"with a connection open, {found}; without one, it stops in {seen.stop_seconds:.2f} s",
        severity=severity,
    )


RULES = (
    exposes_its_ports,
    listens_on_both_families,
    stops_with_a_connection,
)
