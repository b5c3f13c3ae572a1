"""Visuals to pictures: one file for each visual type, one trusted Typst template. Runs in a worker process."""
