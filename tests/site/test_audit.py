import os
import subprocess
import sys

from tests.support.audit import UNREAD
from tests.support.ports import reserve


def test_it_says_that_nothing_is_known() -> None:
    with reserve() as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.audit"],
            env={**os.environ, "HTTPS_PROXY": proxy, "https_proxy": proxy},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == UNREAD
    assert "The advisories could not be read" in done.stderr
