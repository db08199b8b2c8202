"""Tests of vidpipe.recipe."""
