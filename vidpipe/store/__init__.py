"""The object store: one thin adapter over obstore for a folder, memory, s3:// and gs://."""
