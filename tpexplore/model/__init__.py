"""The pruned transformer: its layers, its plan, its cost."""
