"""Questions to models and their answers, as values: who answers them is injected, what they cost is data."""
