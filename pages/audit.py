"""Who did what to which thing."""

from __future__ import annotations

import streamlit as st

from dashboard import access
from dashboard.components.audit_table import account_names, audit_table
from dashboard.components.cursor_pager import CursorPager
from dashboard.context import services
from dashboard.formatting import moment

me = access.require()

st.title("Audit trail")
st.caption("Every act of a person and every decision of the machine, newest first. Lines are added and never changed.")
people = account_names(me)
with st.grid(2, min_column_width=280):
    subject = st.text_input(
        "About",
        key="about",
        bind="query-params",
        placeholder="Id of a post, case, account or key",
        icon=":material/search:",
    ).strip()
    by = st.selectbox(
        "By", list(people), index=None, key="by", bind="query-params", format_func=people.get, placeholder="Anybody"
    )

pager = CursorPager("audit-pages", (subject, by))
page = services().audit.find(me, subject=subject or None, by=by, limit=50, cursor=pager.cursor)
if not page.items:
    st.info("Nothing has been recorded that fits. Clear the fields to see everything.", icon=":material/receipt_long:")
    st.stop()
line = audit_table(page.items, key="audit-table")
pager.buttons(page.cursor)
if line is None:
    st.caption("Select a line to see all of it.")
else:
    with st.container(border=True):
        st.subheader(f"{line.action} · {moment(line.at)}")
        st.json({"id": line.id, "by": f"{line.actor_name} ({line.actor})", "about": line.subject, **line.detail})
