"""What two tags make, as the mask of a third one."""

from curation_client.models.tag_arithmetics_operation import TagArithmeticsOperation


def combined(operation: TagArithmeticsOperation, first: str, second: str) -> str:
    """The mask of what two tags make."""
    one, other = int(first, 16), int(second, 16)
    match operation:
        case TagArithmeticsOperation.UNION:
            return hex(one | other)
        case TagArithmeticsOperation.INTERSECTION:
            return hex(one & other)
        case TagArithmeticsOperation.DIFFERENCE:
            return hex(one & ~other)
