"""Plotly figures of the analysis and their titles."""
