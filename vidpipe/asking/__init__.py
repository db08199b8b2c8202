"""Asking models with the money under control: what is kept is not asked again, and no budget is exceeded."""
