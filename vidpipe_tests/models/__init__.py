"""Tests of `vidpipe.models`."""
