"""Looks at every sample once: fetch, check, decode, measure, scale."""
