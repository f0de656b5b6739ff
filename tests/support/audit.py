"""``make audit``. Ends with 0 if no vulnerability is known, with 1 if one is, and with 3 if the
advisories could not be read; pip-audit itself ends with 1 in both cases.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

UNREAD = 3
OPTIONS = ("--strict", "--disable-pip", "--require-hashes", "--progress-spinner", "off")
FILES = ("requirements.txt", "tests/requirements.txt")


def audit() -> int:
    command = [str(Path(sys.executable).with_name("pip-audit")), *OPTIONS]
    for name in FILES:
        command += ["--requirement", name]
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        done = subprocess.run([*command, "--output", str(report)], check=False)
        if done.returncode == 0:
            return 0
        if report.exists():
            sys.stdout.write(report.read_text())
            return 1
    sys.stderr.write("The advisories could not be read, so nothing is known about the packages.\n")
    return UNREAD


if __name__ == "__main__":
    sys.exit(audit())
