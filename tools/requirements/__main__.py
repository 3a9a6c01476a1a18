"""`make requirements`: where the project stands with its numbered requirements."""

import sys

from tools.requirements.claims import OUTCOMES, UnknownRequirement, requirements
from tools.requirements.page import open_ones, summary


def main() -> int:
    """Print the counts by group and every requirement that no test shows."""
    try:
        known = requirements(believing=OUTCOMES)
    except UnknownRequirement as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(summary(known)))
    print("Open:")
    print("\n".join(open_ones(known)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
