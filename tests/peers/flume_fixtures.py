# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/flume-log anew: small channels by the real Flume, and what it finds in them.

    FLUME_DUMP=- python3 tests/peers/flume_fixtures.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from test_flume_channel import FLUME, Flume, Folders, fill, make_keys, number_of, wait_for_backup

DATA = Path(__file__).resolve().parent.parent / "data/flume-log"
SMALL = {"capacity": "40", "transactionCapacity": "20"}


def keep(folders: Folders, name: str) -> None:
    """Keeps a channel, without what was only reserved, and the events that Flume finds in it."""
    with Flume(folders.copy(folders.root.parent / "copy")) as flume:
        events = flume.drain()
    target = DATA / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folders.root, target,
                    ignore=shutil.ignore_patterns("in_use.lock", "queueset"))
    for log in [path for path in target.rglob("log-*") if path.suffix != ".meta"]:
        log.write_bytes(log.read_bytes().rstrip(b"\x80") + b"\x80")
    (target / "expected").write_text("".join(f"{line}\n" for line in
                                             sorted(events, key=number_of)))


def make(root: Path, version: str, name: str, dirs: int = 2, **settings: str) -> None:
    os.environ["FLUME_VERSION"] = version
    folders = Folders(root / name, dirs, SMALL | settings)
    with Flume(folders) as flume:
        fill(flume)
        flume.kill()
    keep(folders, name)


def make_dual(root: Path) -> None:
    """The checkpoint was not finished, and its backup is compressed."""
    folders = Folders(root / "dual", 1, SMALL | {"useDualCheckpoints": "true",
                                                 "compressBackupCheckpoint": "true"})
    with Flume(folders) as flume:
        for command in ("put a 12", "commit a", "take b 4", "commit b", "take c 2", "checkpoint"):
            flume.do(command)
        wait_for_backup(folders)
        for command in ("put d 3", "commit d", "take e 3", "commit e"):
            flume.do(command)
        flume.kill()
    (folders.root / "checkpoint/checkpoint.meta").write_bytes(b"")
    keep(folders, "dual")


def make_encrypted(root: Path) -> None:
    settings = make_keys(root / "keys") | {"encryption.activeKey": "key-1"}
    make(root, "1.11.0", "encrypted", 1, **settings)
    shutil.copytree(root / "keys", DATA / "encrypted/keys")


def make_version_2(root: Path) -> None:
    folders = Folders(root / "version2", 1, SMALL)
    subprocess.run([FLUME, "version2", folders.root, SMALL["capacity"]], check=True)
    keep(folders, "version2")


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for version in ("1.7.0", "1.9.0", "1.11.0"):
            make(root, version, version)
        make_dual(root)
        make_encrypted(root)
        make_version_2(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
