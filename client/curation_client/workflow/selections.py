"""What was selected in the current dataset: its tags, their samples, and the samples' files."""

import time
from collections.abc import Callable
from pathlib import Path

from curation_api.bit_masks import numbers_in
from curation_api.names import INITIAL_TAG
from curation_api.problems import Reason
from curation_client.bucket import exports
from curation_client.bucket.bit_masks import combined
from curation_client.bucket.downloads import download_samples
from curation_client.bucket.files import LONGEST_URL_SECONDS, SampleFiles
from curation_client.bucket.samples import Sample, samples_in
from curation_client.bucket.tags import TagDoesNotExistError, Tags
from curation_client.cluster.errors import NotFoundException
from curation_client.models import TagArithmeticsOperation, TagData
from curation_client.workflow.current import Current

FORMS: dict[str, Callable[..., exports.Rows]] = {
    form.__name__: form
    for form in (
        exports.filenames_and_read_urls,
        exports.label_box_data_rows,
        exports.label_box_v4_data_rows,
        exports.label_studio_tasks,
        exports.sama_tasks,
    )
}


class Selections:
    """The tags of the current dataset."""

    def __init__(self, current: Current) -> None:
        self._current = current

    @property
    def tags(self) -> Tags:
        """The tags in the LIGHTLY bucket."""
        datasource = self._current.dataset()
        bucket = self._current.places.open_lightly(datasource)
        return Tags(bucket, datasource.id, self._current.user or "")

    def tag(self, id_: str) -> TagData:
        """The tag of this id; an `ApiException` (404) when there is none."""
        found = self.tags.by_id(id_)
        if found is None:
            raise NotFoundException(
                f"There is no tag with the id {id_!r} in dataset {self._current.dataset_id}",
                status=404,
                fix="Look at get_all_tags()",
                reason=Reason.NOT_FOUND,
            )
        return found

    def tags_of_run(self, run_id: str) -> list[TagData]:
        """The tags that a run made in the current dataset, the newest first."""
        tags = sorted(self.tags.all(), key=lambda tag: -tag.created_at)
        return [tag for tag in tags if tag.run_id == run_id]

    def filenames(self) -> list[str]:
        """The names of all samples, in the order of the dataset."""
        return [sample.name for sample in self._samples()]

    def filenames_in(
        self, tag: TagData, names: list[str] | None, *, without_parent: bool
    ) -> list[str]:
        """The names of a tag's samples; where asked for, only of those its parent lacks."""
        if without_parent:
            if tag.prev_tag_id is None:
                raise TagDoesNotExistError(
                    f"Tag {tag.name!r} has no parent", fix="Leave out exclude_parent_tag"
                )
            parent = self.tag(tag.prev_tag_id)
            mask = combined(
                TagArithmeticsOperation.DIFFERENCE, tag.bit_mask_data, parent.bit_mask_data
            )
        else:
            mask = tag.bit_mask_data
        known = names or self.filenames()
        return [known[number] for number in numbers_in(mask)]

    def combine(self, first: str, second: str, operation: str, name: str | None) -> TagData | str:
        """What two tags make: a new tag, or its bit mask where no name is given."""
        one, other = self.tag(first), self.tag(second)
        how = TagArithmeticsOperation(operation)
        if name is None:
            return combined(how, one.bit_mask_data, other.bit_mask_data)
        return self.tags.combine(one, other, how, name)

    def upsize(self, name: str | None) -> TagData | None:
        """Let the root cover samples that later runs selected, and tag these."""
        now = time.strftime("%Y%m%d_%Hh%Mm%Ss", time.gmtime())
        return self.tags.upsize(name or now)

    def export(self, tag: TagData, form: str, *, seconds: int | None) -> exports.Rows:
        """The samples of a tag in one of the `FORMS`."""
        samples, files = self._in(tag), self._files()
        return FORMS[form](samples, files, seconds=seconds or LONGEST_URL_SECONDS)

    def export_filenames(self, tag: TagData) -> str:
        """The names of a tag's samples, one a line."""
        return exports.filenames(self._in(tag))

    def download(
        self, folder: Path, tag_name: str, *, max_workers: int, verbose: bool
    ) -> list[str]:
        """The files of a tag's samples; the names of those that failed come back."""
        samples, files = self._in(self.tags.by_name(tag_name or INITIAL_TAG)), self._files()
        for sample in samples[:1]:
            files.of(sample)  # Say at once when the bucket cannot be opened from here.
        return download_samples(samples, files, folder, max_workers=max_workers, verbose=verbose)

    def _samples(self) -> list[Sample]:
        return samples_in(self._current.places.open_lightly(self._current.dataset()))

    def _in(self, tag: TagData) -> list[Sample]:
        known = self._samples()
        return [known[number] for number in numbers_in(tag.bit_mask_data)]

    def _files(self) -> SampleFiles:
        datasource, places = self._current.dataset(), self._current.places
        return SampleFiles(
            lambda: places.open_input(datasource), lambda: places.open_lightly(datasource)
        )
