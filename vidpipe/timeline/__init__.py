"""Time without pictures: spans, time stamps, shots, alignment."""
