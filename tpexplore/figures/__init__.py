"""Plotly figures of the analysis and their titles.

There are two drawing engines. A canvas in the browser (`ui/boards`) draws interactive pictures: hundreds of
patches that follow the slider within 50 ms without the server. Their axes and prints are shared code
(`boards/shared`). Plotly draws the charts that are made in Python, for its hover, zoom and export. The SVG
of the boards (curve, meters) and of the Paper tab (strips of intervals inside tables) needs no engine: it
is a few lines of markup each, while hundreds of Plotly figures would take megabytes. matplotlib is not
used. A new chart uses one of the two.
"""
