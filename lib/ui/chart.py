"""Charts with their numbers."""

import streamlit as st

from lib.i18n import _
from lib.outcomes import Chart, csv_bytes

_CONFIG = {"displayModeBar": False, "responsive": True}
_ROW_HEIGHT = 35
_MAX_HEIGHT = 320


def draw_chart(chart: Chart) -> None:
    """Draw a chart and its numbers, side by side if there is room."""
    st.subheader(chart.title, anchor=False)
    if chart.figure is None:
        st.caption(chart.empty)
        return
    left, right = st.columns(2)
    left.plotly_chart(chart.figure, key=f"chart_{chart.key}", config=_CONFIG, alt=chart.alt)
    with right:
        st.dataframe(
            chart.titled_table,
            hide_index=True,
            key=f"numbers_{chart.key}",
            alt=_("Data for the chart: {title}", title=chart.title),
            height=min(_ROW_HEIGHT * (len(chart.table) + 1) + 3, _MAX_HEIGHT),
            column_config={
                name: st.column_config.NumberColumn(format="localized")
                for name in chart.titled_table.select_dtypes("number").columns
            },
        )
        st.download_button(
            _("Download data"),
            lambda: csv_bytes(chart.titled_table),
            file_name=f"{chart.key}.csv",
            mime="text/csv",
            key=f"download_{chart.key}",
            icon=":material/download:",
            on_click="ignore",
        )
