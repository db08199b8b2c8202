"""Tests of what starts servers."""
