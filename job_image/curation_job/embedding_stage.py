"""The stage that looks at every file and embeds it, with a trained network or a published one."""

import logging
from contextlib import ExitStack
from dataclasses import dataclass

from curation_api.states import Stage, Step
from curation_job.cache import Cache
from curation_job.embedding.embedder import EmbedderOnDemand, EmbedSettings
from curation_job.embedding.weights import find_model
from curation_job.embedding_pass import EmbeddingPass, Looks
from curation_job.given_embeddings import NoNetwork
from curation_job.looking.pool import LookPool
from curation_job.looking.worker import WorkerSettings
from curation_job.preparing import Prepared, chunks_of_shard
from curation_job.thumbnails import Thumbnails
from curation_job.workspace import Workspace

logger = logging.getLogger(__name__)

# Raised when a look or a preprocessing changes what it says about the same file.
LOOKS_VERSION = 3
THUMBNAIL_BUDGET_BYTES = 2 * 2**30


def embed(
    space: Workspace,
    prepared: Prepared,
    checkpoint: str,
    *,
    shard: int = 0,
    shards: int = 1,
    looks: Looks | None = None,
    thumbnails: Thumbnails | None = None,
) -> None:
    """Embed the chunks of one shard. `looks` replays what a training pass has kept."""
    files = space.files(Stage.EMBED)
    part = "" if shards == 1 else f"shard-{shard:05}-"
    if files.facts(part) is not None:
        return
    settings = space.embed_settings(prepared.count)
    chunks = chunks_of_shard(prepared, shard, shards)
    space.progress.begin(Step.EMBEDDING, total=sum(prepared.files_in(index) for index in chunks))
    with ExitStack() as stack:
        looks = looks or stack.enter_context(look_pool(space, settings.batch_size))
        maker = _maker_of_embeddings(space, checkpoint, settings)
        embedding_pass = EmbeddingPass(
            files=files,
            cache=open_cache(space, maker, settings),
            looks=looks,
            network=maker.network,
            dimensions=maker.network.dimensions,
            batch_size=settings.batch_size,
            is_video=space.is_video,
            progress=space.progress,
            stop=space.stop,
            thumbnails=thumbnails,
        )
        embedding_pass.run(prepared.chunk(index) for index in chunks)
    files.complete(
        {
            "model": maker.source,
            "modelDigest": maker.digest,
            "cacheDigest": cache_digest(space, maker, settings),
            "untrained": maker.is_untrained,
            "dimensions": maker.network.dimensions,
            "precision": str(settings.precision),
            "device": settings.device.type,
        },
        part,
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    """What makes the embeddings of this run: a network, or nothing where a file has them."""

    network: EmbedderOnDemand | NoNetwork
    source: str
    digest: str
    is_untrained: bool = False


def _maker_of_embeddings(space: Workspace, checkpoint: str, settings: EmbedSettings) -> _Maker:
    if space.given:
        return _Maker(NoNetwork(), space.given.source, "no-network")
    model = find_model(space.config.lightly_config, checkpoint, space.places())
    network = EmbedderOnDemand(model.load, settings, model.dimensions)
    return _Maker(network, model.source, model.digest, model.is_untrained)


def look_pool(space: Workspace, batch_size: int) -> LookPool:
    """Worker processes for this run."""
    settings = WorkerSettings(space.look_settings(), batch_size, space.scratch, space.open_reader)
    return LookPool(space.processes, settings)


def open_cache(space: Workspace, maker: _Maker, settings: EmbedSettings) -> Cache:
    """What earlier runs found out with the same network and the same preprocessing."""
    digest = cache_digest(space, maker, settings)
    dimensions = maker.network.dimensions
    return Cache(space.lightly, digest, dimensions=dimensions, scratch=space.scratch)


def cache_digest(space: Workspace, maker: _Maker, settings: EmbedSettings) -> str:
    """Everything that decides what is found out about a file, apart from the file."""
    look = space.look_settings()
    parts = (
        maker.digest,
        f"side{look.side_pixels}",
        "checked" if look.check else "unchecked",
        "exact" if look.exact else "scaled",
        str(settings.precision),
        f"v{LOOKS_VERSION}",
    )
    return "-".join(parts)


def open_thumbnails(space: Workspace, prepared: Prepared) -> Thumbnails:
    """A local store for the thumbnails of this run."""
    return Thumbnails(
        space.scratch / "thumbnails.sqlite",
        samples=prepared.count,
        budget_bytes=THUMBNAIL_BUDGET_BYTES,
    )
