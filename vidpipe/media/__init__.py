"""Everything that reads or writes pictures and sound, through PyAV alone."""
