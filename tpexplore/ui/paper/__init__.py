"""What the tab "Paper and here" says, as HTML."""
