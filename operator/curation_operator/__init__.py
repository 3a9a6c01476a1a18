"""Turns CurationRuns into Jobs and keeps their status: observe, plan, apply, write down."""
