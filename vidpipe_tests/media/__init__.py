"""Tests of vidpipe.media."""
