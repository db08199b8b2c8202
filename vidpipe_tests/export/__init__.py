"""Tests of vidpipe.export."""
