"""What changes the data: the recipe, the line of stages it drives, and the fingerprints that tell when it moved."""
