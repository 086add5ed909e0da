"""How good a model's answers are, during training and after it."""
