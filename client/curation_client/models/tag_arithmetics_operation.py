from enum import StrEnum


class TagArithmeticsOperation(StrEnum):
    """How two tags make a third one. DIFFERENCE is the first without the second."""

    UNION = "UNION"
    INTERSECTION = "INTERSECTION"
    DIFFERENCE = "DIFFERENCE"
