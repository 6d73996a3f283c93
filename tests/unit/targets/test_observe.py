"""The kernel's status of a process becomes facts."""

from dockgen.checks import Process
from dockgen.targets.observe import read_status

STATUS = """\
Name:\tnode
State:\tS (sleeping)
Pid:\t4711
Uid:\t65532\t65532\t65532\t65532
Gid:\t65532\t65532\t65532\t0
CapInh:\t0000000000000000
CapEff:\t00000000a80425fb
NoNewPrivs:\t1
Seccomp:\t2
Seccomp_filters:\t1
"""


def test_reads_a_process_status() -> None:
    """All four ids, the mask in hexadecimal, the flags."""
    assert read_status(STATUS) == Process(
        uids=(65532, 65532, 65532, 65532),
        gids=(65532, 65532, 65532, 0),
        capabilities=0xA80425FB,
        no_new_privileges=True,
        seccomp=2,
    )
