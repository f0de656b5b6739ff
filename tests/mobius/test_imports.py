import os
import subprocess
import sys

import pytest


@pytest.mark.any_database
@pytest.mark.process
def test_it_imports_without_django() -> None:
    script = (
        "import sys, inbox.mobius, inbox.mobius.errors\n"
        "found = [m for m in sys.modules if m.split('.')[0] in ('django', 'reviewer_site')]\n"
        "sys.exit(repr(found) if found else 0)\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
