"""Which system calls a sandbox refuses: those that make memory nobody watches, reach other processes, or open namespaces.

From outside, what a process holds is seen as its resident memory. What would not be seen is refused: shared memory that no
process maps any more, memory of the kernel's own (sockets, queues, keys), and file systems in a namespace of one's own.
"""

from __future__ import annotations

import errno
import platform
import struct

# The number of each call on the two machines, in the order of MACHINES.
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
REFUSED = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196), "semget": (64, 190),
    "msgget": (68, 186), "mq_open": (240, 180), "socket": (41, 198), "socketpair": (53, 199), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40),
    "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
}  # fmt: skip
CLONE, CLONE3, MMAP, PRLIMIT = (56, 220), (435, 435), (9, 222), (302, 261)
NAMESPACES = 0x7E020000  # of clone's flags
SHARED = 0x01  # of mmap's flags
OTHER_ABI = 0x40000000  # x32 on x86-64

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # of the kernel's filter language
NUMBER, MACHINE, ARGUMENTS = 0, 4, 16  # offsets in the data that a filter sees
ALLOW, REFUSE = 0x7FFF0000, 0x00050000


def known() -> bool:
    """Return whether there is a filter for this machine."""
    return platform.machine() in MACHINES


def program(machine: str | None = None) -> bytes:
    """Return the filter for this machine in the kernel's form, as bubblewrap's --seccomp reads it."""
    code, column = MACHINES[machine or platform.machine()]
    refused = (RETURN, 0, 0, REFUSE | errno.EPERM)
    lines = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, code), refused, (LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, OTHER_ABI), refused]
    for numbers in REFUSED.values():
        lines += [(EQUAL, 0, 1, numbers[column]), refused]
    lines += [(EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]  # then glibc takes clone
    for numbers, argument, test in (
        (CLONE, 0, (ANY_BIT, 0, 1, NAMESPACES)),
        (MMAP, 3, (ANY_BIT, 0, 1, SHARED)),
        (PRLIMIT, 0, (EQUAL, 1, 0, 0)),  # of itself only
    ):
        lines += [
            (EQUAL, 0, 4, numbers[column]),
            (LOAD, 0, 0, ARGUMENTS + 8 * argument),
            test,
            refused,
            (RETURN, 0, 0, ALLOW),
        ]
    return b"".join(struct.pack("=HBBI", *line) for line in [*lines, (RETURN, 0, 0, ALLOW)])
