# SPDX-License-Identifier: Apache-2.0
"""Reads from the built files what the library promises to a host and what no test run can prove.

    promises.py data ARCHIVE       no object of ours has data that could be written
    promises.py imports LIB...     nothing is called that ends, signals, prints or changes the process
    promises.py places ARCHIVE     only the layers that may do so read clocks, start threads and so on
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# What would end the host, talk to its terminal, or change what belongs to the whole process.
FORBIDDEN = {
    "ends the process": "exit _exit _Exit quick_exit abort __assert_fail __assert raise "
                        "pthread_kill err errx verr verrx error",
    "prints": "printf vprintf puts putchar perror stdout stderr psignal __printf_chk "
              "__vprintf_chk warn warnx syslog vsyslog openlog",
    "changes signals or timers": "signal sigaction sigprocmask bsd_signal sysv_signal alarm "
                                 "setitimer sigwait sigsuspend",
    "changes the process": "setlocale uselocale chdir fchdir umask chroot setenv putenv unsetenv "
                           "clearenv tzset nice setpriority setrlimit setuid setgid",
    "keeps state of its own": "strerror localtime gmtime ctime asctime strtok rand srand random "
                              "srandom getpwuid getpwnam gethostbyname getservbyname readdir_r "
                              "getopt getopt_long tmpnam basename dirname __xpg_basename",
    "depends on the locale": "strtod strtof strtold atof atoi strcasecmp strncasecmp tolower "
                             "toupper __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc "
                             "strftime strcoll wcstombs mbstowcs nl_langinfo localeconv "
                             "gai_strerror",
    "leaves something behind": "atexit on_exit __cxa_atexit pthread_atfork __register_atfork",
    "copies the process": "fork vfork system popen daemon",
    "uses libuv's own threads": "uv_queue_work uv_getaddrinfo uv_getnameinfo uv_spawn "
                                "uv_signal_init uv_signal_start uv_default_loop uv_random uv_tty_init",
    "bounds nothing": "gets sprintf vsprintf",
}

# Which layers may call what.
PLACES = {
    "clock_gettime gettimeofday time clock timespec_get": {"base"},
    "pthread_create thrd_create": {"base"},
    "open open64 openat openat64": {"io", "base"},  # base reads the system's time zones
    "creat creat64 fopen fopen64 pwrite pwrite64 pwritev pwritev2 "
    "fdatasync fsync sync_file_range rename renameat renameat2 unlink unlinkat remove ftruncate "
    "ftruncate64 truncate truncate64 mkdir mkdirat rmdir link symlink fallocate fallocate64 "
    "posix_fallocate posix_fallocate64": {"io"},
}


def listing(*command: str) -> list[str]:
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout.splitlines()


def reasons() -> dict[str, str]:
    found = {name: why for why, names in FORBIDDEN.items() for name in names.split()}
    return found


def imported(library: str) -> set[str]:
    return {line.split()[-1].split("@")[0] for line in listing("nm", "-D", "-u", library)}


def check_imports(libraries: list[str]) -> list[str]:
    why = reasons()
    return [f"{library} imports {name}, which {why.get(name, 'blocks the process-wide pool')}"
            for library in libraries for name in sorted(imported(library))
            if name in why or name.startswith("uv_fs_")]


def objects(archive: str) -> Iterator[tuple[str, list[str]]]:
    """Each object of an archive with the lines of its section headers."""
    name, lines = "", []
    for line in listing("readelf", "-SW", archive):
        if line.startswith("File: "):
            if name:
                yield name, lines
            name, lines = line, []
        lines.append(line)
    yield name, lines


SECTION = re.compile(r"\]\s+(\.t?(?:data|bss)\S*)\s+\S+\s+\S+\s+\S+\s+([0-9a-f]+)")


def check_data(archive: str) -> list[str]:
    """Constants with addresses in them (.data.rel.ro) are written by the loader only."""
    faults = []
    for name, lines in objects(archive):
        for line in lines:
            found = SECTION.search(line)
            if found and int(found[2], 16) > 0 and not found[1].startswith(".data.rel.ro"):
                faults.append(f"{name}: {int(found[2], 16)} bytes in {found[1]}")
    return faults


def layer_of(member: str) -> str:
    """The layer an object was compiled for: meson calls it LAYER_NAME.c.o."""
    return Path(member.rstrip(":")).name.split("[")[-1].rstrip("]").split("_")[0]


def check_places(archive: str) -> list[str]:
    allowed = {name: layers for names, layers in PLACES.items() for name in names.split()}
    member, faults = "", []
    for line in listing("nm", "-u", archive):
        if line.endswith(":"):
            member = line
        elif line.strip():
            name = line.split()[-1].split("@")[0]
            if name in allowed and layer_of(member) not in allowed[name]:
                faults.append(f"{Path(member).name} calls {name}, which is for {allowed[name]}")
    return faults


CHECKS = {"imports": check_imports, "data": lambda args: check_data(args[0]),
          "places": lambda args: check_places(args[0])}


def main() -> int:
    faults = CHECKS[sys.argv[1]](sys.argv[2:])
    print("\n".join(faults) or "nothing found")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
