"""Tests of vidpipe.store."""
