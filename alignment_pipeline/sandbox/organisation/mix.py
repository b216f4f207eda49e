"""How many people there are of which kind, and which records they left behind.

Belongs here: the shares. What a kind and a pattern mean is said at `people.Person`.
"""

from __future__ import annotations


def of(total: int) -> dict[tuple[str, str], int]:
    """How many people of which kind and pattern make `total` leads and contacts (5 leads to 3 contacts)."""
    leads = round(total * 0.625)
    contacts = total - leads

    def share(part: float, least: int) -> int:
        return max(least, round(leads * part))

    plan = {
        ("account", "converted"): share(0.09, 12),
        ("account", "lead+contact"): share(0.04, 10),
        ("account", "lead+lead"): share(0.018, 5),
        ("outside", "lead+lead"): share(0.007, 3),
        ("account", "lead_merged"): share(0.014, 5),
        ("outside", "lead_merged"): share(0.006, 3),
        ("account", "lead_deleted"): share(0.008, 4),
        ("none", "lead_deleted"): share(0.004, 2),
        ("internal", "lead"): share(0.004, 5),
        ("ambiguous", "lead"): share(0.015, 6),
        ("none", "lead"): share(0.105, 30),
        ("outside", "lead"): share(0.265, 60),
        ("account", "contact_merged"): max(3, round(contacts * 0.01)),
        ("account", "contact_deleted"): max(3, round(contacts * 0.008)),
    }
    used = sum(
        count * (2 if pattern in ("lead+lead", "lead_merged") else 1)
        for (_, pattern), count in plan.items()
        if not pattern.startswith("contact")
    )
    plan["account", "lead"] = leads - used
    with_contact = (
        plan["account", "converted"]
        + plan["account", "lead+contact"]
        + 2 * plan["account", "contact_merged"]
        + plan["account", "contact_deleted"]
    )
    plan["account", "contact"] = contacts - with_contact
    only_marketo = max(20, total // 10)
    plan["account", "marketo"] = only_marketo // 2
    plan["outside", "marketo"] = only_marketo // 4
    plan["none", "marketo"] = only_marketo - only_marketo // 2 - only_marketo // 4
    return plan
