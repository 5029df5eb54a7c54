# SPDX-License-Identifier: Apache-2.0
"""Makes the locale de_DE.UTF-8 in a folder of its own (for LOCPATH) and a stamp beside it.

    make_locale.py STAMP
"""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    stamp = Path(sys.argv[1])
    # localedef warns of what the system's own definition lacks, and fails by its exit code then.
    subprocess.run(["localedef", "--force", "--no-archive", "-i", "de_DE", "-f", "UTF-8",
                    str(stamp.parent / "de_DE.UTF-8")], capture_output=True, check=False)
    if not (stamp.parent / "de_DE.UTF-8" / "LC_NUMERIC").exists():
        print("localedef could not make de_DE.UTF-8", file=sys.stderr)
        return 1
    stamp.touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
