"""Models from files: bundled, published and the user's own."""
