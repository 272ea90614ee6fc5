"""A chart with its numbers beside it, and both to take away."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from lib.outcomes import csv_bytes

_CONFIG = {"displayModeBar": False, "responsive": True}


def draw_chart(title: str, figure: go.Figure, numbers: pd.DataFrame, *, key: str, alt: str) -> None:
    """Draw a figure and, below it on a small screen or beside it on a large one, its numbers."""
    st.subheader(title, anchor=False)
    left, right = st.columns([3, 2])
    left.plotly_chart(figure, key=f"chart_{key}", config=_CONFIG, alt=alt)
    with right:
        st.dataframe(
            numbers,
            hide_index=True,
            key=f"numbers_{key}",
            alt=f"{title}: the numbers",
            height=min(38 + 35 * max(len(numbers), 1), 320),
            column_config={
                name: st.column_config.NumberColumn(format="localized")
                for name in numbers.select_dtypes("number").columns
            },
        )
        st.download_button(
            "Download the numbers",
            lambda: csv_bytes(numbers),
            file_name=f"{key.replace('_', '-')}.csv",
            mime="text/csv",
            key=f"download_{key}",
            icon=":material/download:",
            on_click="ignore",
        )
