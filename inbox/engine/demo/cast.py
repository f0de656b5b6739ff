"""Who the demo's people are, and their groups."""

from typing import Any

RINA = "user_rina"
SAM = "user_sam"
LEE = "user_lee"
TESS = "user_tess"

PEOPLE = {RINA: "Rina", SAM: "Sam", LEE: "Lee", TESS: "Tess"}

APPROVERS = "approvers"
CHANGE_BOARD = "change-board"

GROUPS: list[dict[str, Any]] = [
    {
        "handle": APPROVERS,
        "name": "Approvers",
        "description": "Money, access and releases: whoever is free first.",
        "routing_policy": "first_responder",
        "members": [RINA, SAM, LEE],
    },
    {
        "handle": CHANGE_BOARD,
        "name": "Change board",
        "description": "What cannot be undone quickly: everybody answers.",
        "routing_policy": "all_members",
        "members": [RINA, SAM, LEE],
    },
]
