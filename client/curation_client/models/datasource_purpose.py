from enum import StrEnum


class DatasourcePurpose(StrEnum):
    """What a place is for: raw files, everything derived, or both."""

    INPUT = "INPUT"
    LIGHTLY = "LIGHTLY"
    INPUT_OUTPUT = "INPUT_OUTPUT"
