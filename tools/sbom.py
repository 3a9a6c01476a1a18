"""Prints an SPDX document about the Python packages of an image. Runs while it is built.

Standard library only: nothing else is there yet.
"""

import json
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from typing import Any


def sbom(name: str, packages: Iterable[Distribution], made_at: datetime) -> dict[str, Any]:
    """What the image is made of, one entry for each package."""
    entries = [_entry(package) for package in packages]
    entries.sort(key=lambda entry: str(entry["SPDXID"]))
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://curation.dev/sbom/{name}/{made_at:%Y%m%dT%H%M%SZ}",
        "creationInfo": {
            "created": f"{made_at:%Y-%m-%dT%H:%M:%SZ}",
            "creators": ["Tool: curation-sbom"],
        },
        "packages": entries,
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": entry["SPDXID"],
            }
            for entry in entries
        ],
    }


def _entry(package: Distribution) -> dict[str, Any]:
    name = re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()
    licence = package.metadata.json.get("license_expression")
    return {
        "SPDXID": f"SPDXRef-{name}",
        "name": name,
        "versionInfo": package.version,
        "downloadLocation": "NOASSERTION",
        "licenseDeclared": licence or "NOASSERTION",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:pypi/{name}@{package.version}",
            }
        ],
    }


if __name__ == "__main__":
    title, folder = sys.argv[1:]
    document = sbom(title, distributions(path=[folder]), datetime.now(UTC))
    json.dump(document, sys.stdout, indent=1)
