"""The line end to end: real processes, a real Dagster instance, real media."""
