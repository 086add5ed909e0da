"""Models from files: the bundled ones, the published ones and people's own."""
