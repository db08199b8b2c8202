"""Tests mirror the code: vidpipe_tests/media/test_probe.py tests vidpipe/media/probe.py."""
