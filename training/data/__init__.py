"""What models learn from: datasets as people have them on disk."""
