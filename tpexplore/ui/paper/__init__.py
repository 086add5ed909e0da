"""The content of the Paper tab, as HTML."""
