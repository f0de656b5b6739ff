"""Releases and what may stop them."""

from datetime import datetime, timedelta

from inbox.engine.demo.bodies import (
    Post,
    ask,
    confirm,
    multi_select,
    question,
    rest,
    run,
    say,
    stamp,
    standalone,
)
from inbox.engine.demo.cast import CHANGE_BOARD, RINA, SAM

GIT = "https://git.quillmoor.example/shop"

_STOREFRONT_DIFF = """\
--- a/checkout/reservation.py
+++ b/checkout/reservation.py
@@ -18,10 +18,14 @@ class Reservation:
     def hold(self, basket: Basket) -> Hold:
-        for line in basket.lines:
-            self.stock.lock(line.sku)
-            if self.stock.free(line.sku) < line.quantity:
-                raise SoldOut(line.sku)
-            self.stock.take(line.sku, line.quantity)
+        skus = sorted({line.sku for line in basket.lines})
+        with self.stock.locked(skus):
+            short = [line for line in basket.lines if not self.stock.covers(line)]
+            if short:
+                raise SoldOut([line.sku for line in short])
+            for line in basket.lines:
+                self.stock.take(line.sku, line.quantity)
+        self.log.info("held", basket=basket.id, lines=len(basket.lines))
         return Hold(
             basket=basket.id,
-            minutes=10,
+            minutes=self.settings.hold_minutes,
+            extendable=True,
         )
--- a/config/checkout.yaml
+++ b/config/checkout.yaml
@@ -9,6 +9,8 @@ checkout:
   currency: EUR
   reservation:
     backend: stockroom
+    hold_minutes: 15
+    extend_once: true
   payment:
     timeout: 8s
     retries: 1
"""


def storefront_release(now: datetime) -> Post:
    """The change board releases a new storefront; Rina keeps it or rolls it back."""
    message = f"""\
Release storefront 5.3.0 to production?

5.3.0 reserves stock **for the whole basket at once**, so that two customers can no longer each \
hold half of the last set. The hold grows from 10 to 15 minutes and may be extended once.

All 19 changes since 5.2.4 are reviewed. What was tried:

- the canary ran at 5 % for 50 minutes, errors unchanged at **0.03 %**
- 40 baskets for the last 12 sets: 12 sold, 28 told *sold out*, none twice
- rollback is one command and takes about 3 minutes:

```
shipit rollback storefront --to 5.2.4
```

See the [list of changes]({GIT}/storefront/compare/5.2.4...5.3.0) and the
[dashboard](https://watch.quillmoor.example/d/storefront).
"""
    context = {
        "due_at": stamp(now + timedelta(minutes=42)),
        "version": {"before": "5.2.4", "after": "5.3.0"},
        "commit": "7c1f09e",
        "hold_minutes": {"before": 10, "after": 15},
        "p95_checkout_ms": {"before": 412, "after": 386},
        "changes": "19 by 4 people",
        "migration": "none",
        "pipeline": "https://ci.quillmoor.example/storefront/8841",
        "risks": [
            {
                "what": "Locks on many articles wait for each other",
                "level": "medium",
                "guard": "Always taken in the order of the article number",
            },
            {
                "what": "Baskets of the old version during the switch",
                "level": "low",
                "guard": "Both versions read both forms for a day",
            },
            {
                "what": "Longer holds leave less to sell on a busy evening",
                "level": "high",
                "guard": "Setting can go back to 10 without a release",
            },
        ],
        "diff": _STOREFRONT_DIFF,
    }
    keep = question(
        "approval",
        RINA,
        "Keep storefront ${inputs.version} for everybody?\n\n"
        "It has served all traffic for ten minutes. Rejecting rolls back to 5.2.4.",
        confirm(default=True),
        {"version": "${inputs.version}", "errors": "0.03 %", "sold_out_answers": 61},
    )
    return run(
        "storefront-release",
        say("collect-changes", "19 changes since 5.2.4, all reviewed"),
        say("canary", "Canary at 5 % for 50 minutes: errors 0.03 %, p95 386 ms"),
        ask(
            "approve-release",
            question("approval", CHANGE_BOARD, message, confirm(), context),
            "5h",
            "Everybody on the change board agrees",
        ),
        say("roll-out", "Rolled out ${inputs.version} to all 24 nodes"),
        rest("watch", "10m", "Ten minutes with all traffic"),
        ask("keep", keep, "2h", "The last chance for a quick way back"),
        say("announce", "Storefront ${inputs.version} stays"),
        by=SAM,
        about="Canary, the change board's word, roll-out, a last look",
        inputs={"version": "5.3.0", "previous": "5.2.4"},
        metadata={"pipeline": "8841"},
    )


def blocking_checks(now: datetime) -> Post:
    """Each of the change board says which checks shall stop a release."""
    return standalone(
        question(
            "input",
            CHANGE_BOARD,
            "Which checks shall stop a release from January on?\n\n"
            "All of them run already and only warn. Each of you answers; the list of those that "
            "all three chose is switched to *stop*.",
            multi_select(
                ("contrast", "Contrast and labels", "Warned 3 times in the last 60 releases"),
                ("budget", "Size of the start page", "Warned 11 times"),
                ("licences", "Licences of new parts", "Never warned"),
                ("slow-query", "Queries over 200 ms", "Warned 17 times, 5 of them false"),
                ("dead-links", "Dead links in help pages", "Warned 28 times"),
                default=("contrast", "licences"),
            ),
            {"releases_looked_at": 60, "report": "https://ci.quillmoor.example/reports/checks"},
        )
    )
