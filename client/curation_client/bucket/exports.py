"""The samples of a tag in the documented forms, for people and for tools that label."""

from collections.abc import Sequence
from typing import Any

from curation_client.bucket.files import SampleFiles
from curation_client.bucket.samples import Sample

Rows = list[dict[str, Any]]


def filenames(samples: Sequence[Sample]) -> str:
    """One name a line, without a line break at the end."""
    return "\n".join(sample.name for sample in samples)


def filenames_and_read_urls(samples: Sequence[Sample], files: SampleFiles, *, seconds: int) -> Rows:
    """Name, an address to read it, and where it lies."""
    return [
        {
            "fileName": sample.name,
            "readUrl": files.read_url(sample, seconds=seconds),
            "datasourceUrl": files.datasource_url(sample),
        }
        for sample in samples
    ]


def label_studio_tasks(samples: Sequence[Sample], files: SampleFiles, *, seconds: int) -> Rows:
    """Tasks of Label Studio; their ids count from 0."""
    return [
        {
            "id": place,
            "data": {
                "image": files.read_url(sample, seconds=seconds),
                "lightlyFileName": sample.name,
                "lightlyMetaInfo": meta_info(sample),
            },
        }
        for place, sample in enumerate(samples)
    ]


def label_box_data_rows(samples: Sequence[Sample], files: SampleFiles, *, seconds: int) -> Rows:
    """Data rows of Labelbox, version 3."""
    return [
        {"externalId": sample.name, "imageUrl": files.read_url(sample, seconds=seconds)}
        for sample in samples
    ]


def label_box_v4_data_rows(samples: Sequence[Sample], files: SampleFiles, *, seconds: int) -> Rows:
    """Data rows of Labelbox, version 4."""
    return [
        {
            "row_data": files.read_url(sample, seconds=seconds),
            "global_key": sample.name,
            "media_type": "IMAGE",
        }
        for sample in samples
    ]


def sama_tasks(samples: Sequence[Sample], files: SampleFiles, *, seconds: int) -> Rows:
    """Tasks of Sama, where everything is called by its address."""
    rows = []
    for place, sample in enumerate(samples):
        url = files.read_url(sample, seconds=seconds)
        data = {"id": place, "url": url, "image": url, "lightlyFileName": sample.name}
        rows.append({"data": data})
    return rows


def meta_info(sample: Sample) -> dict[str, Any]:
    """What is known of a sample beside its name."""
    is_frame = sample.source != sample.name
    info: dict[str, Any] = {
        "fileName": sample.name,
        "index": sample.number,
        "type": "VIDEO_FRAME" if is_frame else "IMAGE",
    }
    return {**info, "videoFrameData": {"sourceVideo": sample.source}} if is_frame else info
