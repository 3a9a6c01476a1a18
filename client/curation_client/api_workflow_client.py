"""The documented Python client, over the Kubernetes API and the buckets alone.

The class names what there is; each area does its work in a module of `workflow/`. These are
imported when they are first used, so that a script that only makes a client starts at once.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation_client.models import (
    Creator,
    DatasetCreateRequest,
    DatasetData,
    DatasetType,
    DatasourceConfig,
    DatasourcePurpose,
    DockerRunData,
    DockerRunScheduledData,
    DockerRunScheduledPriority,
    DockerWorkerRegistryEntryData,
    TagData,
)

if TYPE_CHECKING:
    from curation_client.workflow.artifacts import Artifacts
    from curation_client.workflow.current import Current
    from curation_client.workflow.datasets import Datasets
    from curation_client.workflow.listing import Listing
    from curation_client.workflow.locations import Locations
    from curation_client.workflow.runs import Runs
    from curation_client.workflow.selections import Selections
    from curation_client.workflow.sharing import Sharing
    from curation_client.workflow.states import ComputeWorkerRunInfo
    from curation_client.workflow.workers import Workers

THUMBNAILS = ".lightly/thumbnails/[filename]_thumb.[extension]"

# Claims that stand for the two folders that the documented worker had mounted.
INPUT_CLAIM, LIGHTLY_CLAIM = "input-mount", "lightly-mount"


class ApiWorkflowClient:
    """Datasets, runs and what they select, in one namespace of a cluster.

    The cluster is that of `token` and `LIGHTLY_SERVER_LOCATION`, or of the kubeconfig's current
    context, or the one this Pod runs in. Whoever holds the token may do whatever its owner may.
    """

    def __init__(
        self,
        token: str | None = None,
        dataset_id: str | None = None,
        embedding_id: str | None = None,
        creator: str = Creator.USER_PIP,
        *,
        namespace: str | None = None,
        kubeconfig: str | None = None,
        context: str | None = None,
    ) -> None:
        from curation_client.cluster.access import Access
        from curation_client.workflow.current import Current

        access = Access(token=token, namespace=namespace, kubeconfig=kubeconfig, context=context)
        self._current: Current = Current(access, dataset_id)
        self._current.server.connect()  # so that what is missing is told here
        self.embedding_id = embedding_id
        self._creator = creator

    def __repr__(self) -> str:
        """Without the token."""
        return f"ApiWorkflowClient(dataset_id={self._current.known_dataset_id!r})"

    @property
    def dataset_id(self) -> str:
        """The dataset that is meant; where none was set, the own one that changed last."""
        return self._current.dataset_id

    @dataset_id.setter
    def dataset_id(self, dataset_id: str) -> None:
        """Let it be this one; `ValueError` when there is none of this id."""
        self._current.known_dataset_id = self._datasets.choose(dataset_id)

    # Datasets

    @property
    def dataset_type(self) -> str:
        """The type of the current dataset."""
        return self.get_dataset_by_id(self.dataset_id).type

    def create_dataset(self, dataset_name: str, dataset_type: str = DatasetType.IMAGES) -> None:
        """Create a dataset and make it the current one; `ValueError` when the name is taken."""
        self._current.known_dataset_id = self._datasets.create(dataset_name, dataset_type)

    def create_new_dataset_with_unique_name(
        self, dataset_basename: str, dataset_type: str = DatasetType.IMAGES
    ) -> None:
        """Create a dataset of this name, or of the first of NAME_1, NAME_2, … that is free."""
        id_ = self._datasets.create_unique(dataset_basename, dataset_type)
        self._current.known_dataset_id = id_

    def dataset_exists(self, dataset_id: str) -> bool:
        """Whether there is a dataset of this id."""
        return self._datasets.exists(dataset_id)

    def dataset_name_exists(self, dataset_name: str, shared: bool | None = False) -> bool:
        """Whether there is a dataset of exactly this name."""
        return bool(self._datasets.named(dataset_name, shared=shared))

    def get_dataset_by_id(self, dataset_id: str) -> DatasetData:
        """The dataset of this id; an `ApiException` when there is none."""
        return self._datasets.get(dataset_id)

    def get_datasets_by_name(
        self, dataset_name: str, shared: bool | None = False
    ) -> list[DatasetData]:
        """The datasets of exactly this name."""
        return self._datasets.records_named(dataset_name, shared=shared)

    def get_datasets_iter(self, shared: bool | None = False) -> Iterator[DatasetData]:
        """The own datasets, those of others (True), or all that are seen (None)."""
        return self._datasets.records(shared=shared)

    def get_datasets(self, shared: bool | None = False) -> list[DatasetData]:
        """The own datasets, those of others (True), or all that are seen (None)."""
        return [*self.get_datasets_iter(shared)]

    def get_all_datasets(self) -> list[DatasetData]:
        """All datasets. Use `get_datasets(shared=None)`."""
        warnings.warn(
            "get_all_datasets() is deprecated; use get_datasets(shared=None)",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.get_datasets(shared=None)

    def set_dataset_id_by_name(self, dataset_name: str, shared: bool | None = False) -> None:
        """Make the dataset of this name the current one; `ValueError` when there is none."""
        id_ = self._datasets.choose_by_name(dataset_name, shared=shared)
        self._current.known_dataset_id = id_

    def delete_dataset_by_id(self, dataset_id: str) -> None:
        """Remove a dataset with its runs and Secrets; files in buckets stay."""
        self._datasets.delete(dataset_id)
        if self._current.known_dataset_id == dataset_id:
            self._current.known_dataset_id = None

    # Datasources

    def set_s3_config(
        self,
        resource_path: str,
        region: str,
        access_key: str,
        secret_access_key: str,
        thumbnail_suffix: str | None = THUMBNAILS,
        purpose: str = DatasourcePurpose.INPUT_OUTPUT,
    ) -> None:
        """Let files lie on S3. `AWS_ENDPOINT_URL_S3` names a store that is not AWS."""
        keys = {"accessKeyId": access_key, "secretAccessKey": secret_access_key}
        fields = {"resourcePath": resource_path, "region": region}
        if (endpoint := self._current.server.access.s3_endpoint) is not None:
            fields["endpointUrl"] = endpoint
        self._locations.set("s3", fields, keys, thumbnail_suffix=thumbnail_suffix, purpose=purpose)

    def set_s3_delegated_access_config(
        self,
        resource_path: str,
        region: str,
        role_arn: str,
        external_id: str,
        thumbnail_suffix: str | None = THUMBNAILS,
        purpose: str = DatasourcePurpose.INPUT_OUTPUT,
    ) -> None:
        """Let files lie on S3, where a role is taken on instead of using keys."""
        fields = {"resourcePath": resource_path, "region": region, "roleArn": role_arn}
        if (endpoint := self._current.server.access.s3_endpoint) is not None:
            fields |= {"endpointUrl": endpoint, "stsEndpointUrl": endpoint}
        self._locations.set(
            "s3DelegatedAccess",
            fields,
            {"externalId": external_id},
            thumbnail_suffix=thumbnail_suffix,
            purpose=purpose,
        )

    def set_gcs_config(
        self,
        resource_path: str,
        project_id: str,
        credentials: str,
        thumbnail_suffix: str | None = THUMBNAILS,
        purpose: str = DatasourcePurpose.INPUT_OUTPUT,
    ) -> None:
        """Let files lie on Google Cloud Storage; `credentials` is the key file's JSON as text."""
        self._locations.set(
            "gcs",
            {"resourcePath": resource_path, "projectId": project_id},
            {"credentials.json": credentials},
            thumbnail_suffix=thumbnail_suffix,
            purpose=purpose,
        )

    def set_azure_config(
        self,
        container_name: str,
        account_name: str,
        sas_token: str,
        thumbnail_suffix: str | None = THUMBNAILS,
        purpose: str = DatasourcePurpose.INPUT_OUTPUT,
    ) -> None:
        """Let files lie on Azure; `container_name` is CONTAINER/FOLDER/."""
        self._locations.set(
            "azure",
            {"containerName": container_name, "accountName": account_name},
            {"sasToken": sas_token},
            thumbnail_suffix=thumbnail_suffix,
            purpose=purpose,
        )

    def set_local_config(
        self,
        relative_path: str = "",
        web_server_location: str | None = "http://localhost:3456",
        thumbnail_suffix: str | None = THUMBNAILS,
        purpose: str = DatasourcePurpose.INPUT_OUTPUT,
        *,
        claim_name: str | None = None,
    ) -> None:
        """Let files lie in a folder of a volume: that of the claim input-mount or lightly-mount."""
        usual = LIGHTLY_CLAIM if purpose == DatasourcePurpose.LIGHTLY else INPUT_CLAIM
        self._locations.set(
            "local",
            {"claimName": claim_name or usual, "path": relative_path.rstrip("/")},
            {},
            thumbnail_suffix=thumbnail_suffix,
            purpose=purpose,
        )

    def set_obs_config(
        self,
        resource_path: str,
        obs_endpoint: str,
        obs_access_key_id: str,
        obs_secret_access_key: str,
        thumbnail_suffix: str | None = THUMBNAILS,
        purpose: str = DatasourcePurpose.INPUT_OUTPUT,
    ) -> None:
        """Let files lie on anything that speaks S3: OBS, MinIO, Ceph."""
        scheme, separator, path = resource_path.partition("://")
        plain = f"s3://{path}" if scheme == "obs" and separator else resource_path
        self._locations.set(
            "s3",
            {"resourcePath": plain, "endpointUrl": obs_endpoint},
            {"accessKeyId": obs_access_key_id, "secretAccessKey": obs_secret_access_key},
            thumbnail_suffix=thumbnail_suffix,
            purpose=purpose,
        )

    def get_datasource(self, purpose: str | None = None) -> DatasourceConfig:
        """What was set, without credentials; an `ApiException` when nothing was."""
        return self._locations.get(purpose)

    def list_datasource_permissions(self) -> dict[str, Any]:
        """What the keys allow: can_list, can_read, can_write, can_overwrite; errors, if any."""
        return self._locations.permissions()

    # Raw files

    def download_raw_samples(
        self,
        from_: int = 0,
        to: int | None = None,
        relevant_filenames_file_name: str | None = None,
        divide_and_conquer_shards: int = 1,
        use_redirected_read_url: bool = False,
        progress_bar: Any = None,
    ) -> list[tuple[str, str]]:
        """Name and address of each raw file that changed in this time, in unix seconds."""
        return [
            *self._listing.raw(
                since=from_,
                until=to,
                relevant=relevant_filenames_file_name,
                progress=progress_bar,
            )
        ]

    def download_new_raw_samples(
        self,
        divide_and_conquer_shards: int = 1,
        use_redirected_read_url: bool = False,
    ) -> list[tuple[str, str]]:
        """Name and address of each raw file that is newer than the last call."""
        return self._listing.new()

    def download_raw_predictions_iter(
        self,
        task_name: str,
        from_: int = 0,
        to: int | None = None,
        relevant_filenames_file_name: str | None = None,
        run_id: str | None = None,
        relevant_filenames_artifact_id: str | None = None,
        divide_and_conquer_shards: int = 1,
        use_redirected_read_url: bool = False,
        progress_bar: Any = None,
    ) -> Iterator[tuple[str, str]]:
        """Name and address of each file of predictions for a task."""
        self._listing.check_run_and_artifact(run_id, relevant_filenames_artifact_id)
        return self._listing.derived(
            f".lightly/predictions/{task_name}", since=from_, until=to, progress=progress_bar
        )

    def download_raw_predictions(
        self,
        task_name: str,
        from_: int = 0,
        to: int | None = None,
        relevant_filenames_file_name: str | None = None,
        run_id: str | None = None,
        relevant_filenames_artifact_id: str | None = None,
        divide_and_conquer_shards: int = 1,
        use_redirected_read_url: bool = False,
        progress_bar: Any = None,
    ) -> list[tuple[str, str]]:
        """Name and address of each file of predictions for a task."""
        return [
            *self.download_raw_predictions_iter(
                task_name,
                from_,
                to,
                relevant_filenames_file_name,
                run_id,
                relevant_filenames_artifact_id,
                divide_and_conquer_shards,
                use_redirected_read_url,
                progress_bar,
            )
        ]

    def download_raw_metadata_iter(
        self,
        from_: int = 0,
        to: int | None = None,
        run_id: str | None = None,
        relevant_filenames_artifact_id: str | None = None,
        relevant_filenames_file_name: str | None = None,
        divide_and_conquer_shards: int = 1,
        use_redirected_read_url: bool = False,
        progress_bar: Any = None,
    ) -> Iterator[tuple[str, str]]:
        """Name and address of each file of metadata."""
        self._listing.check_run_and_artifact(run_id, relevant_filenames_artifact_id)
        return self._listing.derived(
            ".lightly/metadata", since=from_, until=to, progress=progress_bar
        )

    def download_raw_metadata(
        self,
        from_: int = 0,
        to: int | None = None,
        run_id: str | None = None,
        relevant_filenames_artifact_id: str | None = None,
        relevant_filenames_file_name: str | None = None,
        divide_and_conquer_shards: int = 1,
        use_redirected_read_url: bool = False,
        progress_bar: Any = None,
    ) -> list[tuple[str, str]]:
        """Name and address of each file of metadata."""
        return [
            *self.download_raw_metadata_iter(
                from_,
                to,
                run_id,
                relevant_filenames_artifact_id,
                relevant_filenames_file_name,
                divide_and_conquer_shards,
                use_redirected_read_url,
                progress_bar,
            )
        ]

    def get_processed_until_timestamp(self) -> int:
        """Until when raw files were listed as new, in unix seconds; 0 when they never were."""
        return self._listing.processed_until()

    def update_processed_until_timestamp(self, timestamp: int) -> None:
        """Set it, also back, to list files as new once more."""
        self._listing.set_processed_until(timestamp)

    def get_prediction_read_url(self, filename: str) -> str:
        """An address to read a file below .lightly/predictions/."""
        return self._listing.prediction_url(filename)

    def get_metadata_read_url(self, filename: str) -> str:
        """An address to read a file below .lightly/metadata/."""
        return self._listing.metadata_url(filename)

    def get_custom_embedding_read_url(self, filename: str) -> str:
        """An address to read a file below .lightly/embeddings/."""
        return self._listing.embedding_url(filename)

    # Workers

    def register_compute_worker(
        self, name: str = "Default", labels: list[str] | None = None
    ) -> str:
        """Note a worker; its id comes back, the same for the same name."""
        return self._workers.register(name, labels)

    def get_compute_worker_ids(self) -> list[str]:
        """The ids of all registered workers."""
        return [worker.id for worker in self._workers.all()]

    def get_compute_workers(self) -> list[DockerWorkerRegistryEntryData]:
        """All registered workers."""
        return self._workers.all()

    def delete_compute_worker(self, worker_id: str) -> None:
        """Forget a worker; an `ApiException` when there is none of this id."""
        self._workers.delete(worker_id)

    # Runs

    def create_compute_worker_config(
        self,
        worker_config: dict[str, Any] | None = None,
        lightly_config: dict[str, Any] | None = None,
        selection_config: Any = None,
    ) -> str:
        """Check a configuration; what comes back stands for it. A run keeps its own."""
        return self._runs.check(
            worker_config=worker_config,
            lightly_config=lightly_config,
            selection_config=selection_config,
        )

    def schedule_compute_worker_run(
        self,
        worker_config: dict[str, Any] | None = None,
        lightly_config: dict[str, Any] | None = None,
        selection_config: Any = None,
        priority: str = DockerRunScheduledPriority.MID,
        runs_on: list[str] | None = None,
    ) -> str:
        """Ask for a run of the current dataset; its id comes back at once.

        `InvalidConfigurationError` tells all that is wrong with the configuration, before
        anything is sent.
        """
        return self._runs.schedule(
            worker_config=worker_config,
            lightly_config=lightly_config,
            selection_config=selection_config,
            priority=priority,
            runs_on=runs_on,
        )

    def get_compute_worker_run_info(self, scheduled_run_id: str) -> ComputeWorkerRunInfo:
        """How a run is doing: its state and its last message."""
        return self._runs.info(scheduled_run_id)

    def compute_worker_run_info_generator(
        self, scheduled_run_id: str
    ) -> Iterator[ComputeWorkerRunInfo]:
        """How a run is doing: at once, then on each change, and the end state last."""
        return self._runs.infos(scheduled_run_id)

    def get_compute_worker_runs_iter(
        self, dataset_id: str | None = None
    ) -> Iterator[DockerRunData]:
        """The runs that have begun, of one dataset or of all."""
        return self._runs.each(dataset_id)

    def get_compute_worker_runs(self, dataset_id: str | None = None) -> list[DockerRunData]:
        """The runs that have begun, the oldest first."""
        return self._runs.sorted(dataset_id)

    def get_compute_worker_run(self, run_id: str) -> DockerRunData:
        """The run of this id; an `ApiException` when there is none or it has not begun."""
        return self._runs.get(run_id)

    def get_compute_worker_run_from_scheduled_run(self, scheduled_run_id: str) -> DockerRunData:
        """The run that was scheduled by this id; an `ApiException` when it has not begun."""
        return self._runs.get(scheduled_run_id)

    def get_compute_worker_run_from_scheduled(self, scheduled_run_id: str) -> DockerRunData:
        """The same by its shorter name."""
        return self._runs.get(scheduled_run_id)

    def get_scheduled_compute_worker_runs(
        self, state: str | None = None
    ) -> list[DockerRunScheduledData]:
        """What was asked for in the current dataset and has not ended, or is in this state."""
        return self._runs.scheduled(state)

    def get_compute_worker_run_tags(self, run_id: str) -> list[TagData]:
        """The tags that a run made in the current dataset, the newest first."""
        return self._selections.tags_of_run(run_id)

    def cancel_scheduled_compute_worker_run(self, scheduled_run_id: str) -> None:
        """End a run that has not begun; an `ApiException` when it has."""
        self._runs.cancel(scheduled_run_id)

    def abort_compute_worker_run(self, run_id: str) -> None:
        """End a run, wherever it stands. What it has written stays."""
        self._runs.abort(run_id)

    # Artifacts

    def download_compute_worker_run_artifacts(
        self, run: DockerRunData, output_dir: str, timeout: int = 60
    ) -> None:
        """Every artifact of a run, by its file name, below the folder."""
        self._artifacts.download_all(run, Path(output_dir), timeout=timeout)

    def download_compute_worker_run_report_pdf(
        self, run: DockerRunData, output_path: str, timeout: int = 60
    ) -> None:
        """The report as PDF."""
        self._download(run, "REPORT_PDF", output_path, timeout)

    def download_compute_worker_run_report_json(
        self, run: DockerRunData, output_path: str, timeout: int = 60
    ) -> None:
        """The report as JSON."""
        self._download(run, "REPORT_JSON", output_path, timeout)

    def download_compute_worker_run_report_v2_json(
        self, run: DockerRunData, output_path: str, timeout: int = 60
    ) -> None:
        """The report as JSON in its second form."""
        self._download(run, "REPORT_V2_JSON", output_path, timeout)

    def download_compute_worker_run_log(
        self, run: DockerRunData, output_path: str, timeout: int = 60
    ) -> None:
        """What the worker said; also of runs that failed."""
        self._download(run, "LOG", output_path, timeout)

    def download_compute_worker_run_memory_log(
        self, run: DockerRunData, output_path: str, timeout: int = 60
    ) -> None:
        """How much memory the worker used; also of runs that failed."""
        self._download(run, "MEMLOG", output_path, timeout)

    def download_compute_worker_run_checkpoint(
        self, run: DockerRunData, output_path: str, timeout: int = 60
    ) -> None:
        """The trained weights; `ArtifactNotExist` without training."""
        self._download(run, "CHECKPOINT", output_path, timeout)

    def download_compute_worker_run_corruptness_check_information(
        self, run: DockerRunData, output_path: str, timeout: int = 60
    ) -> None:
        """Which samples are corrupt, and why."""
        self._download(run, "CORRUPTNESS_CHECK_INFORMATION", output_path, timeout)

    def download_compute_worker_run_sequence_information(
        self, run: DockerRunData, output_path: str, timeout: int = 60
    ) -> None:
        """Which sequences were selected."""
        self._download(run, "SEQUENCE_INFORMATION", output_path, timeout)

    def get_compute_worker_run_checkpoint_url(self, run: DockerRunData) -> str:
        """An address to read the trained weights."""
        return self._artifacts.read_url(run, "CHECKPOINT")

    def _download(self, run: DockerRunData, kind: str, path: str, timeout: int) -> None:
        self._artifacts.download(run, kind, Path(path), timeout=timeout)

    # Tags

    def get_all_tags(self) -> list[TagData]:
        """All tags, the newest first and initial-tag last."""
        return self._selections.tags.all()

    def get_tag_by_id(self, tag_id: str) -> TagData:
        """The tag of this id; an `ApiException` when there is none."""
        return self._selections.tag(tag_id)

    def get_tag_by_name(self, tag_name: str) -> TagData:
        """The tag of this name; `TagDoesNotExistError` when there is none."""
        return self._selections.tags.by_name(tag_name)

    def get_filenames_in_tag(
        self,
        tag_data: TagData,
        filenames_on_server: list[str] | None = None,
        exclude_parent_tag: bool = False,
    ) -> list[str]:
        """The names of a tag's samples, in the order of the dataset."""
        return self._selections.filenames_in(
            tag_data, filenames_on_server, without_parent=exclude_parent_tag
        )

    def get_filenames(self) -> list[str]:
        """The names of all samples, in the order of the dataset."""
        return self._selections.filenames()

    def create_tag_from_filenames(
        self, fnames_new_tag: list[str], new_tag_name: str, parent_tag_id: str | None = None
    ) -> TagData:
        """Tag these samples; `RuntimeError` when the name is taken or a sample is not known."""
        return self._selections.tags.create_from_filenames(
            fnames_new_tag, new_tag_name, parent_tag_id
        )

    def delete_tag_by_id(self, tag_id: str) -> None:
        """Remove a tag from which no other descends."""
        self._selections.tags.delete(self.get_tag_by_id(tag_id))

    def delete_tag_by_name(self, tag_name: str) -> None:
        """Remove a tag from which no other descends."""
        self._selections.tags.delete(self.get_tag_by_name(tag_name))

    def rename_tag(self, tag_id: str, new_tag_name: str) -> TagData:
        """The same tag by another name."""
        return self._selections.tags.rename(self.get_tag_by_id(tag_id), new_tag_name)

    def perform_tag_arithmetics(
        self, tag_id1: str, tag_id2: str, operation: str, new_tag_name: str | None = None
    ) -> TagData | str:
        """UNION, INTERSECTION or DIFFERENCE: a new tag, or without a name its bit mask."""
        return self._selections.combine(tag_id1, tag_id2, operation, new_tag_name)

    def upsize_tags(self, upsize_tag_name: str | None = None) -> TagData | None:
        """Let initial-tag cover the samples of later runs, and tag those that are new to it."""
        return self._selections.upsize(upsize_tag_name)

    # Exports

    def export_filenames_by_tag_id(self, tag_id: str) -> str:
        """The names of a tag's samples, one a line."""
        return self._selections.export_filenames(self.get_tag_by_id(tag_id))

    def export_filenames_by_tag_name(self, tag_name: str) -> str:
        """The names of a tag's samples, one a line."""
        return self._selections.export_filenames(self.get_tag_by_name(tag_name))

    def export_filenames_and_read_urls_by_tag_id(
        self, tag_id: str, *, expires_in: int | None = None
    ) -> list[dict[str, str]]:
        """fileName, readUrl and datasourceUrl of each sample; addresses end after a week."""
        return self._export(self.get_tag_by_id(tag_id), "filenames_and_read_urls", expires_in)

    def export_filenames_and_read_urls_by_tag_name(
        self, tag_name: str, *, expires_in: int | None = None
    ) -> list[dict[str, str]]:
        """fileName, readUrl and datasourceUrl of each sample; addresses end after a week."""
        return self._export(self.get_tag_by_name(tag_name), "filenames_and_read_urls", expires_in)

    def export_label_studio_tasks_by_tag_id(
        self, tag_id: str, *, expires_in: int | None = None
    ) -> list[dict[str, Any]]:
        """Tasks of Label Studio."""
        return self._export(self.get_tag_by_id(tag_id), "label_studio_tasks", expires_in)

    def export_label_studio_tasks_by_tag_name(
        self, tag_name: str, *, expires_in: int | None = None
    ) -> list[dict[str, Any]]:
        """Tasks of Label Studio."""
        return self._export(self.get_tag_by_name(tag_name), "label_studio_tasks", expires_in)

    def export_label_box_data_rows_by_tag_id(
        self, tag_id: str, *, expires_in: int | None = None
    ) -> list[dict[str, Any]]:
        """Data rows of Labelbox, version 3. Use `export_label_box_v4_data_rows_by_tag_id`."""
        _warn_of_labelbox_3("export_label_box_v4_data_rows_by_tag_id")
        return self._export(self.get_tag_by_id(tag_id), "label_box_data_rows", expires_in)

    def export_label_box_data_rows_by_tag_name(
        self, tag_name: str, *, expires_in: int | None = None
    ) -> list[dict[str, Any]]:
        """Data rows of Labelbox, version 3. Use `export_label_box_v4_data_rows_by_tag_name`."""
        _warn_of_labelbox_3("export_label_box_v4_data_rows_by_tag_name")
        return self._export(self.get_tag_by_name(tag_name), "label_box_data_rows", expires_in)

    def export_label_box_v4_data_rows_by_tag_id(
        self, tag_id: str, *, expires_in: int | None = None
    ) -> list[dict[str, Any]]:
        """Data rows of Labelbox, version 4."""
        return self._export(self.get_tag_by_id(tag_id), "label_box_v4_data_rows", expires_in)

    def export_label_box_v4_data_rows_by_tag_name(
        self, tag_name: str, *, expires_in: int | None = None
    ) -> list[dict[str, Any]]:
        """Data rows of Labelbox, version 4."""
        return self._export(self.get_tag_by_name(tag_name), "label_box_v4_data_rows", expires_in)

    def export_sama_tasks_by_tag_id(
        self, tag_id: str, *, expires_in: int | None = None
    ) -> list[dict[str, Any]]:
        """Tasks of Sama."""
        return self._export(self.get_tag_by_id(tag_id), "sama_tasks", expires_in)

    def export_sama_tasks_by_tag_name(
        self, tag_name: str, *, expires_in: int | None = None
    ) -> list[dict[str, Any]]:
        """Tasks of Sama."""
        return self._export(self.get_tag_by_name(tag_name), "sama_tasks", expires_in)

    def _export(self, tag: TagData, form: str, expires_in: int | None) -> list[dict[str, Any]]:
        return self._selections.export(tag, form, seconds=expires_in)

    # Files

    def download_dataset(
        self,
        output_dir: str,
        tag_name: str = "initial-tag",
        max_workers: int = 8,
        verbose: bool = True,
    ) -> list[str]:
        """The files of a tag's samples, byte for byte; the names of those that failed come back.

        What is there already is left alone, so that a download that was cut off goes on.
        """
        return self._selections.download(
            Path(output_dir), tag_name, max_workers=max_workers, verbose=verbose
        )

    # Sharing

    def share_dataset_only_with(self, dataset_id: str, user_emails: Sequence[str]) -> None:
        """Share a dataset with exactly these users; with nobody where the list is empty."""
        self._sharing.set(dataset_id, user_emails)

    def get_shared_users(self, dataset_id: str) -> list[str]:
        """The users with whom a dataset is shared."""
        return self._sharing.get(dataset_id)

    # What does the work

    @property
    def _datasets_api(self) -> _DatasetsApi:
        """What the first generation of scripts creates datasets with."""
        return _DatasetsApi(self)

    @cached_property
    def _datasets(self) -> Datasets:
        from curation_client.workflow.datasets import Datasets

        return Datasets(self._current)

    @cached_property
    def _locations(self) -> Locations:
        from curation_client.workflow.locations import Locations

        return Locations(self._current)

    @cached_property
    def _listing(self) -> Listing:
        from curation_client.workflow.listing import Listing

        return Listing(self._current)

    @cached_property
    def _workers(self) -> Workers:
        from curation_client.workflow.workers import Workers

        return Workers(self._current)

    @cached_property
    def _runs(self) -> Runs:
        from curation_client.workflow.runs import Runs

        return Runs(self._current)

    @cached_property
    def _artifacts(self) -> Artifacts:
        from curation_client.workflow.artifacts import Artifacts

        return Artifacts(self._current)

    @cached_property
    def _selections(self) -> Selections:
        from curation_client.workflow.selections import Selections

        return Selections(self._current)

    @cached_property
    def _sharing(self) -> Sharing:
        from curation_client.workflow.sharing import Sharing

        return Sharing(self._current)


class _DatasetsApi:
    def __init__(self, client: ApiWorkflowClient) -> None:
        self._client = client

    def create_dataset(self, request: DatasetCreateRequest) -> DatasetData:
        """Create a dataset; what comes back has its `id`."""
        self._client.create_dataset(request.name, request.type)
        return self._client.get_dataset_by_id(self._client.dataset_id)


def _warn_of_labelbox_3(instead: str) -> None:
    warnings.warn(
        f"Version 3 of Labelbox's format is deprecated; use {instead}(…)",
        DeprecationWarning,
        stacklevel=3,
    )
