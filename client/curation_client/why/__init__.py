"""Why a sample was selected, or why not, and what differs between two runs.

Takes the folder of a run, wherever it lies. `pyarrow` is imported when a table is first read.
"""
