"""Alerts: what is watched, how it stands, what it did."""

from __future__ import annotations

from typing import Final

import streamlit as st

from spanglass_dashboard import alert_card, alert_form, alert_rules, filter_bar, panels
from spanglass_dashboard.alert_draft import SUGGESTIONS, rule_from_suggestion
from spanglass_dashboard.alert_status import CHANGE_COLORS, FIRING, PAUSED, badge_of, changes_frame
from spanglass_store.rules import Rule

MAX_CHANGES: Final = 200


def page() -> None:
    """The alerts of the project, what wants attention first; or how to set the first one."""
    project = filter_bar.scope().project
    rules, unreadable = alert_rules.rules_of(project)
    if unreadable:
        st.warning(
            f"{unreadable} of the alerts were set by another version of spanglass and are not shown.",
            icon=":material/warning:",
        )
    if rules:
        last = alert_rules.last_changes(project)
        badges = {rule.rule_id: badge_of(rule, last.get(rule.rule_id), has_value=True) for rule in rules}
        _summary(len(rules), [*badges.values()].count(FIRING), [*badges.values()].count(PAUSED))
        for rule in sorted(rules, key=lambda rule: (badges[rule.rule_id].order, rule.name)):
            alert_card.card(rule)
        _history(rules)
    else:
        _empty()
    alert_form.show()
    alert_card.show_deletion()


def _summary(count: int, firing: int, paused: int) -> None:
    said = f"{count} alert{'' if count == 1 else 's'} · {firing} firing{f' · {paused} paused' if paused else ''}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":gray[{said}]", width="content")
        st.space("stretch")
        _new()


def _new() -> None:
    scope = filter_bar.scope()
    st.button(
        "New alert",
        key="alert_new",
        icon=":material/add:",
        type="primary",
        shortcut="N",
        help="It starts with the filters above.",
        on_click=alert_form.open_with,
        args=(alert_rules.blank(scope.project, scope.filters),),
    )


def _empty() -> None:
    scope = filter_bar.scope()
    with st.container(border=True, horizontal_alignment="center", gap="small", key="alerts_empty"):
        st.space("medium")
        st.subheader(":gray[:material/notifications:]", anchor=False, text_alignment="center")
        st.markdown("**No alerts yet**", text_alignment="center")
        st.markdown(
            ":gray[An alert watches one of the numbers on these pages and tells you when it crosses a line. "
            "Before you save it, you see how often it would have fired last week.]",
            text_alignment="center",
            width=520,
        )
        _new()
        st.space("small")
        with st.container(horizontal=True, horizontal_alignment="center", gap="small"):
            for index, each in enumerate(SUGGESTIONS):
                st.button(
                    each.title,
                    key=f"alert_suggested_{index}",
                    icon=f":material/{each.icon}:",
                    on_click=alert_form.open_with,
                    args=(rule_from_suggestion(each, scope.project, alert_rules.new_rule_id(), scope.filters),),
                )
        st.space("medium")


def _history(rules: list[Rule]) -> None:
    def body() -> None:
        past = alert_rules.changes_of(filter_bar.scope().project, MAX_CHANGES)
        if not past:
            panels.nothing("Nothing has changed yet. The monitor looks at every alert each minute.", icon="history")
            return
        text = st.column_config.TextColumn
        st.dataframe(
            changes_frame(past, rules, panels.timezone()),
            hide_index=True,
            height=min(420, 38 + 35 * len(past)),
            key="alert_changes",
            column_config={
                "when": st.column_config.DatetimeColumn("When", format="D MMM, HH:mm:ss", width=130),
                "alert": text("Alert", width=170),
                "change": st.column_config.MultiselectColumn(
                    "Change", options=list(CHANGE_COLORS), color=list(CHANGE_COLORS.values()), width=95
                ),
                "what": text("What was seen", width=300),
                "lasted": text("Lasted", width=90),
                "notice": text("Notice", width=200),
            },
        )

    panels.panel("History", body, key="alert_history", live=filter_bar.scope().live)


panels.guarded(page, key="alerts")
