"""This pipeline inside somebody else's Dagster project."""
