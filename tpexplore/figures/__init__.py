"""Plotly figures of the analysis and their titles.

Which engine draws what: two stay. A canvas in the browser (`ui/boards`) draws what a person moves and
watches, pictures of hundreds of patches that follow the slider within 50 ms without the server; their axes
and prints have one home (`boards/shared`). Plotly draws the charts that are made in Python, for its hover,
zoom and export. The SVG of the boards (curve, meters) and of the Paper tab (strips of intervals inside
tables) is no third engine but a few lines of markup each, where hundreds of Plotly figures would weigh
megabytes. matplotlib is not used. A new chart takes one of the two.
"""
