import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from reviewer_site.environment import ROOT
from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.product import Product

pytestmark = [pytest.mark.any_database, pytest.mark.story]


def test_the_walkthrough_works_to_the_letter_and_the_inbox_follows(
    product: Product, sign_in: SignIn
) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (walkthrough,) = (block for block in blocks if "mobius_env" in block)
    before, answer = walkthrough.split("# Answer the question:")
    page = sign_in("rina")
    shell = subprocess.Popen(
        ["bash", "-euo", "pipefail"],
        cwd=ROOT,
        env=product.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write(before.replace(".venv/bin/python", sys.executable))
    shell.stdin.write('\necho "asked $item"\n')
    shell.stdin.flush()
    assert '"suspended"' in shell.stdout.readline()
    assert shell.stdout.readline().startswith("asked int_")
    asked = arrived(page, "Approve the €120 train ticket?")
    page.goto(asked.get_attribute("href") or "")
    said, _ = shell.communicate("#" + answer, timeout=60)
    assert shell.returncode == 0
    assert '"status": "completed"' in said or '"status":"completed"' in said
    expect(page.locator(".row-with[data-over]").filter(has=asked)).to_be_visible()
    expect(page.locator("[data-run-status]").first).to_have_attribute(
        "data-run-status", "completed"
    )
