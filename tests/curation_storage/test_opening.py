"""Opening a place costs little: nothing is asked, and no library is loaded that is not needed."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

LIBRARIES = {"azure", "boto3", "google.cloud", "kopf", "kubernetes", "obstore", "torch"}
OPEN = """
import json, sys
from pathlib import Path
from curation_api.datasource import Location
from curation_storage import open_input

location, secret = map(json.loads, sys.argv[1:])
open_input(Location.model_validate(location), secret, volumes=Path("/nowhere"))
print(json.dumps(list(sys.modules)))
"""

CREDENTIALS = {"credentials": {"secretRef": {"name": "keys"}}}
S3 = {"s3": {"resourcePath": "s3://farm/raw/", "region": "eu-central-1"}, **CREDENTIALS}
GCS = {"gcs": {"resourcePath": "gs://farm/raw/", "projectId": "acme"}}
AZURE = {"azure": {"containerName": "farm/raw", "accountName": "acme"}, **CREDENTIALS}


@pytest.mark.parametrize(
    ("location", "secret", "needed"),
    [
        ({"local": {"claimName": "images"}}, {}, set()),
        (S3, {"accessKeyId": "A", "secretAccessKey": "B"}, {"boto3", "obstore"}),
        (GCS, {}, {"google.cloud", "obstore"}),
        (AZURE, {"sasToken": "?sig=A"}, {"azure", "obstore"}),
    ],
    ids=["local", "s3", "gcs", "azure"],
)
def test_only_the_library_of_the_provider_is_loaded(
    location: dict[str, Any], secret: dict[str, str], needed: set[str]
) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", OPEN, json.dumps(location), json.dumps(secret)],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    assert LIBRARIES & set(json.loads(finished.stdout)) == needed
