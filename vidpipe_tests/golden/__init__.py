"""What must not change unnoticed: the asset graph, and each stage's results."""
