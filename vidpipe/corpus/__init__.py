"""Which videos there are and what is known of them without looking: sources, captions, categories."""
