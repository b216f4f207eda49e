"""What one activity earns by the agreement's rules, before caps, weights and decay.

Belongs here: rules as one expression per activity type. Limits: `caps.py`. Weights and decay: `scored_activities.py`.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.engagement import PointRule, micro
from alignment_pipeline.agreement.patterns import matches

NO_RULE = -1


def base_micro(activities: ibis.Table, rules: list[PointRule]) -> ibis.Value:
    """Micro-points of an activity: all rules that fit add up. Points per minute are rounded half up to micro-points, once per rule."""
    return _by_type(activities, rules, _sum_of, ibis.literal(0, type="int64"))


def rule_number(activities: ibis.Table, rules: list[PointRule]) -> ibis.Value:
    """Position of the last rule that fits, `NO_RULE` when none does."""
    positions = {rule.label: position for position, rule in enumerate(rules)}

    def last(table: ibis.Table, of_type: list[PointRule]) -> ibis.Value:
        matched = ibis.literal(NO_RULE, type="int64")
        for rule in of_type:
            number = ibis.literal(positions[rule.label], type="int64")
            condition = _condition(table, rule)
            matched = number if condition is None else ibis.ifelse(condition, number, matched)
        return matched

    return _by_type(activities, rules, last, ibis.literal(NO_RULE, type="int64"))


def label(number: ibis.Value, rules: list[PointRule]) -> ibis.Value:
    """Label of the rule at a position."""
    return ibis.cases(*[(number == position, ibis.literal(rule.label)) for position, rule in enumerate(rules)], else_=ibis.null("string"))


def _by_type(activities: ibis.Table, rules: list[PointRule], give: object, otherwise: ibis.Value) -> ibis.Value:
    # one branch per type: an engine then tests a page's path only for page visits
    types = list(dict.fromkeys(rule.type for rule in rules))
    branches = [(activities.activity_type == type_, give(activities, [r for r in rules if r.type == type_])) for type_ in types]  # type: ignore[operator]
    return ibis.cases(*branches, else_=otherwise)


def _sum_of(activities: ibis.Table, rules: list[PointRule]) -> ibis.Value:
    total = ibis.literal(0, type="int64")
    for rule in rules:
        points = _points(activities, rule)
        condition = _condition(activities, rule)
        total = total + (points if condition is None else ibis.ifelse(condition, points, ibis.literal(0, type="int64")))
    return total


def _points(activities: ibis.Table, rule: PointRule) -> ibis.Value:
    points = ibis.literal(micro(rule.points), type="int64")
    if not rule.per_minute:
        return points
    minutes = activities.minutes.fill_null(0.0)
    return (ibis.literal(float(micro(rule.points))) * minutes + ibis.literal(0.5)).floor().cast("int64")


def _condition(activities: ibis.Table, rule: PointRule) -> ibis.Value | None:
    parts = []
    if rule.categories:
        parts.append(matches(activities.category, rule.categories))
    if rule.details:
        parts.append(matches(activities.detail, rule.details))
    if rule.not_details:
        parts.append(~matches(activities.detail, rule.not_details))
    if rule.programs:
        parts.append(matches(activities.program, rule.programs))
    return ibis.and_(*parts) if parts else None
