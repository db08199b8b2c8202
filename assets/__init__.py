"""The line as Dagster assets, one module a stage, in the order in which data flows (see house rules in README)."""
