"""axe-core in the browser: what it finds wrong with a page's accessibility."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "vendor/axe-core/axe.min.js").read_text()
EVERY_RULE = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""All that another theme can break."""
LAYOUT_RULES = {"type": "rule", "values": ["target-size", "scrollable-region-focusable"]}
"""All that another place of the same elements can break."""


def violations(page: Page, rules: dict[str, Any] = EVERY_RULE) -> list[str]:
    """A line for each element that breaks a rule, once its transitions have ended. Duplicate IDs
    count too, since our scripts find elements by them.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(
        """async (rules) => {
          const finite = document.getAnimations().filter(
            (one) => one.effect.getComputedTiming().endTime < Infinity
          );
          await Promise.allSettled(finite.map((one) => one.finished));
          return axe.run(document, {
            runOnly: rules, rules: { "duplicate-id": { enabled: rules.type === "tag" } },
            resultTypes: ["violations"], preload: false,
          });
        }""",
        rules,
    )
    return [
        f"{rule['id']}: {node['target'][0]}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
