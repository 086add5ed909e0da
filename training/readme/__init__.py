"""The numbers in the READMEs as Markdown; `training.report` writes them there."""
