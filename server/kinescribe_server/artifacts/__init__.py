"""Content-addressed storage of files, and the records of results."""
