# SPDX-License-Identifier: Apache-2.0
"""Adds up meson's test logs; the last line is what the build server reads.

What failed is shown once more, since it stands far above in a long log of which the end may be all
that is kept.
"""

import json
import sys
from typing import Any

TAIL = 3000  # characters of the output of a test that failed


def show(build: str, test: dict[str, Any]) -> None:
    print(f"== {build}: {test['name']}")
    for stream in ("stdout", "stderr"):
        print(test.get(stream, "")[-TAIL:].strip())


def main() -> int:
    broken = int(sys.argv[1])
    passed = 0
    failures = []
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as log:
            for line in log:
                test = json.loads(line)
                if test["result"] in ("OK", "EXPECTEDFAIL"):
                    passed += 1
                else:
                    failures.append((path.split("/")[0], test))
    for build, test in failures:
        show(build, test)
    for build, test in failures:
        print(f"{test['result']}: {build}: {test['name']}")
    failed = broken + len(failures)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
