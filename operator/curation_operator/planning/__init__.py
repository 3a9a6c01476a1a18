"""Decides what a run or a Datasource needs next: values in, a plan out, and nothing else.

Time and settings are arguments. The same sight gives the same plan, so a restart, a missed event
and a second look are all harmless.
"""
