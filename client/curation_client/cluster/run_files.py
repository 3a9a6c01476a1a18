"""Opens the folder of a run in the LIGHTLY bucket of its Datasource, from here."""

from curation_client.bucket.run_files import RunFiles
from curation_client.cluster.api_server import ApiServer
from curation_client.cluster.objects import StoredRun, datasources_of
from curation_client.cluster.places import Places


def files_of(run: StoredRun, server: ApiServer, places: Places | None = None) -> RunFiles:
    """The folder of the run. `places` knows credentials that were given in this process."""
    datasource = datasources_of(server).get(run.spec.datasource_ref.name)
    bucket = (places or Places(server)).open_lightly(datasource)
    return RunFiles(bucket, run.spec.worker_config.folder_of(run.uid), run.name)
