# SPDX-License-Identifier: Apache-2.0
"""Adds up meson's test logs; the last line is what the build server reads."""

import json
import sys


def main() -> int:
    broken = int(sys.argv[1])
    passed, failed = 0, broken
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as log:
            for line in log:
                test = json.loads(line)
                if test["result"] in ("OK", "EXPECTEDFAIL"):
                    passed += 1
                else:
                    failed += 1
                    print(f"{test['result']}: {path.split('/')[0]}: {test['name']}")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
