"""How good answers are, while a model is trained and after it."""
