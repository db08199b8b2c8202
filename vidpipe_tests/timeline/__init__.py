"""Tests of vidpipe.timeline."""
