"""`python -m curation_client` is `curate`."""

from curation_client.cli.app import main

main()
