"""What is said about a video: the schema of an annotation and the annotators."""
