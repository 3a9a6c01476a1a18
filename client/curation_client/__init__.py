"""Curation for people who write Python, and the `curate` command."""
