"""Tests of assets, with real Dagster instances."""
