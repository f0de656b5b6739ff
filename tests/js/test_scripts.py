import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js isn't installed")
def test_the_rules_of_the_scripts_hold() -> None:
    tests = [str(file) for file in sorted(Path(__file__).parent.glob("*.test.mjs"))]
    run = subprocess.run(
        ["node", "--test", *tests], check=False, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stdout + run.stderr
