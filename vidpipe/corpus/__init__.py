"""Which videos there are and what is known about them without looking: sources, captions, categories, selection."""
