"""Records become datasets that people open: rows, files, cards, pages."""
