"""Generators of valid objects that reach the edges of the grammar."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from curation_api import CurationRun, Datasource
from curation_api.selection_config import (
    COMPATIBLE,
    AutoTaskType,
    Distribution,
    Operation,
    StrategyType,
    Values,
)

Fields = dict[str, SearchStrategy[Any]]

names = st.from_regex(r"[a-z]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
words = st.from_regex(r"[a-zA-Z0-9_+=,.@:/-]{1,20}", fullmatch=True)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20
)
shares = st.floats(0, 1)
not_negative = st.floats(0, 1e6)
small_counts = st.integers(1, 1000)
amounts = st.integers(1, 64) | st.sampled_from(["500m", "1.5", "16Gi", "2e3"])
SMALL_SHARES = st.floats(0, 0.1)  # ten of them never exceed 1


def some_of(**optional: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    """Any subset of these fields."""
    return st.fixed_dictionaries({}, optional=optional)


def all_of(optional: Fields | None = None, **required: SearchStrategy[Any]) -> Any:
    """All of the required fields and any subset of the optional ones."""
    return st.fixed_dictionaries(required, optional=optional or {})


TAG_NAMES = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9 .:;=@_-]{2,10}", fullmatch=True)
SCORES = all_of(type=st.just("SCORES"), task=words, score=words)

INPUTS: dict[Values, SearchStrategy[Any]] = {
    Values.VECTORS: all_of({"task": words}, type=st.just("EMBEDDINGS")),
    Values.QUERY: all_of(type=st.just("EMBEDDINGS"), datasetId=names, tagName=TAG_NAMES),
    Values.NUMBERS: SCORES,
    Values.NUMBERS_OR_CATEGORIES: all_of(type=st.just("METADATA"), key=texts),
    Values.DISTRIBUTION: all_of(
        type=st.just("PREDICTIONS"), task=words, name=st.just("CLASS_DISTRIBUTION")
    ),
    Values.COUNTS: all_of(
        type=st.just("PREDICTIONS"),
        task=words,
        name=st.just("CATEGORY_COUNT"),
        categories=st.lists(texts, min_size=1, max_size=5, unique=True),
    ),
    Values.RANDOM: all_of({"randomSeed": st.integers(-(2**53), 2**53)}, type=st.just("RANDOM")),
}

STRENGTH: Fields = {"strength": st.floats(-1e9, 1e9)}
TARGET_RANGES = st.tuples(not_negative, not_negative).map(
    lambda sums: {"minSum": min(sums), "maxSum": max(sums)}
)
STRATEGIES: dict[StrategyType, SearchStrategy[Any]] = {
    StrategyType.DIVERSITY: some_of(stoppingConditionMinimumDistance=st.floats(0, 2), **STRENGTH),
    StrategyType.WEIGHTS: some_of(
        stoppingConditionMaxSum=not_negative, targetRange=TARGET_RANGES, **STRENGTH
    ),
    StrategyType.THRESHOLD: all_of(
        threshold=st.floats(-1e9, 1e9), operation=st.sampled_from(list(map(str, Operation)))
    ),
    StrategyType.BALANCE: all_of(
        STRENGTH, target=st.dictionaries(texts, SMALL_SHARES, min_size=1, max_size=10)
    )
    | all_of(STRENGTH, distribution=st.sampled_from(list(map(str, Distribution))[1:])),
    StrategyType.SIMILARITY: some_of(**STRENGTH),
    StrategyType.TYPICALITY: some_of(
        numNearestNeighbors=st.integers(2, 1000),
        stoppingConditionMinimumTypicality=st.floats(0.001, 1),
        **STRENGTH,
    ),
}


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """An input with a strategy that fits it."""
    values = draw(st.sampled_from(list(Values)))
    kind = draw(st.sampled_from(sorted(COMPATIBLE[values])))
    strategy = {"type": str(kind), **draw(STRATEGIES[kind])}
    return {"input": draw(INPUTS[values]), "strategy": strategy}


BOXES = st.lists(st.lists(shares, min_size=4, max_size=4), min_size=1, max_size=3)
AUTO_TASKS = all_of(
    {"overlap": st.floats(0, 0.9)},
    type=st.just(str(AutoTaskType.TILING)),
    numRows=small_counts,
    numCols=small_counts,
) | all_of(type=st.just(str(AutoTaskType.CROP)), bboxs=BOXES)


@st.composite
def selections(draw: st.DrawFn) -> dict[str, Any]:
    """A selectionConfig; its automatic tasks have names that no input uses."""
    size = draw(
        all_of(nSamples=st.integers(1, 2**53))
        | all_of(proportionSamples=shares)
        | all_of(proportionSamples=shares, nSamples=st.just(-1))
    )
    tasks = draw(st.lists(AUTO_TASKS, max_size=3))
    return {
        **size,
        "strategies": draw(st.lists(entries(), min_size=1, max_size=4)),
        "autoTasks": [
            {**task, "name": f"auto task {n}".replace(" ", "-")} for n, task in enumerate(tasks)
        ],
    }


OLDER_STYLE = all_of(
    {
        "method": st.sampled_from(["coreset", "coral"]),
        "scorer": st.sampled_from(["", "object-frequency"]),
        "scorerConfig": some_of(frequencyPenalty=shares, minScore=shares),
        "objectLevel": some_of(taskName=words, padding=not_negative),
    },
    stoppingCondition=some_of(minDistance=st.just(-1) | st.floats(0, 2)).flatmap(
        lambda stop: (st.just(0.25) | st.integers(2, 2**31)).map(lambda n: {**stop, "nSamples": n})
    ),
    # What coral needs; to the others it says nothing.
    pretagging=st.just(value=True),
).map(lambda worker: {**worker, "scorer": "object-frequency"})

WORKERS = some_of(
    enableCorruptnessCheck=st.booleans(),
    corruptnessCheck=some_of(corruptionThreshold=shares),
    relevantFilenamesFile=st.sampled_from(["", ".lightly/a.txt", ".lightly/lists/ä b.txt"]),
    checkpoint=st.sampled_from(["", "x.ckpt", "/models/x.ckpt"]),
    normalizeEmbeddings=st.booleans(),
    pretagging=st.booleans(),
    crops=some_of(enableUpload=st.booleans(), enableUploadForTasks=st.lists(words, max_size=3)),
    datasource=some_of(
        processAll=st.booleans(),
        inputExpiration=all_of(
            minDaysToExpiration=not_negative, handlingStrategy=st.sampled_from(["SKIP", "ABORT"])
        ),
    ),
    outputImageSize=st.just([-1]) | st.lists(small_counts, min_size=1, max_size=2),
    nExampleImages=st.integers(0, 500).map(lambda pairs: 2 * pairs),
    memoryRequirementInGB=st.floats(0.1, 1e4),
    runDirectory=st.sampled_from(["first", "runs/ü"]),
    numProcesses=st.integers(-1, 64),
    cacheSize=st.integers(-1, 2**53),
    shutdownWhenJobFinished=st.booleans(),
)
LIGHTLY = some_of(
    loader=some_of(batchSize=small_counts, shuffle=st.booleans(), numWorkers=st.integers(-1, 64)),
    model=some_of(
        name=st.sampled_from(["resnet-9", "resnet-152", "torchvision/resnet50"]),
        numFtrs=small_counts,
    ),
    trainer=some_of(maxEpochs=st.integers(0, 1000), precision=st.sampled_from([16, 32])),
    criterion=some_of(temperature=st.floats(0.001, 10)),
    optimizer=some_of(lr=not_negative, weightDecay=shares),
    collate=some_of(
        inputSize=small_counts,
        cjProb=shares,
        kernelSize=not_negative,
        sigmas=st.tuples(st.floats(0.1, 2), st.floats(0.1, 2)).map(sorted),
        rrDegrees=st.lists(st.floats(-180, 180), min_size=1, max_size=2).map(sorted),
    ),
    seed=st.integers(-(2**53), 2**53),
    preTrained=st.booleans(),
)
JOBS = some_of(
    gpus=st.integers(0, 8),
    parallelism=small_counts,
    cpu=amounts,
    memory=amounts,
    queueName=names,
    nodeSelector=st.dictionaries(names, names, max_size=3),
    tolerations=st.lists(
        some_of(key=names, operator=st.sampled_from(["Exists", "Equal"]), value=names), max_size=2
    ),
    podLabels=st.dictionaries(names, names, max_size=3),
    env=st.lists(
        all_of({"value": texts}, name=st.from_regex(r"[A-Z_][A-Z0-9_]{0,9}", fullmatch=True)),
        max_size=3,
        unique_by=lambda variable: str(variable["name"]),
    ),
    volumes=st.lists(
        all_of(name=names, mountPath=st.just("/models"), emptyDir=some_of(sizeLimit=amounts)),
        max_size=2,
        unique_by=lambda volume: str(volume["name"]),
    ),
)


@st.composite
def runs(draw: st.DrawFn) -> CurationRun:
    """Any valid CurationRun, in today's style or the older one."""
    styles = all_of(selectionConfig=selections()) | all_of(workerConfig=OLDER_STYLE)
    style = draw(styles)
    spec = draw(
        all_of(
            {
                "lightlyConfig": LIGHTLY,
                "job": JOBS,
                "priority": st.sampled_from(["LOW", "MID", "HIGH", "CRITICAL"]),
                "runsOn": st.lists(names, max_size=3),
                "suspend": st.booleans(),
                "cancel": st.booleans(),
                "attempt": st.integers(1, 99),
                "activeDeadlineSeconds": small_counts,
            },
            datasourceRef=all_of(name=names),
            workerConfig=WORKERS,
        )
    )
    spec["workerConfig"] = {**spec["workerConfig"], **style.pop("workerConfig", {})}
    return CurationRun.model_validate(
        {"metadata": {"name": draw(names)}, "spec": {**spec, **style}}
    )


S3 = all_of(
    {"endpointUrl": st.just("https://minio.example.com:9000")},
    resourcePath=st.sampled_from(["s3://lake", "s3://lake/", "s3://data.lake/farm/ä b/"]),
    region=st.sampled_from(["eu-central-1", "us-gov-west-1", "garage"]),
)
SECRETS = all_of(secretRef=all_of(name=names))
LOCATIONS = (
    all_of({"credentials": SECRETS}, s3=S3)
    | all_of(
        {"credentials": SECRETS},
        gcs=all_of(resourcePath=st.just("gs://curated/farm/"), projectId=texts),
    )
    | all_of(
        {"credentials": SECRETS},
        azure=all_of(containerName=st.just("curated/farm"), accountName=st.just("acme")),
    )
    | all_of(local=all_of({"path": st.sampled_from(["", "farm/2026"])}, claimName=names))
)
SUFFIXES = st.none() | st.sampled_from(["", ".lightly/[filename].[extension]"])
METADATA_FIELDS = st.lists(
    all_of(
        name=texts,
        path=texts,
        valueDataType=st.sampled_from(["NUMERIC_INT", "CATEGORICAL_STRING"]),
        defaultValue=st.integers(-(2**53), 2**53) | texts,
    ),
    max_size=3,
    unique_by=lambda field: str(field["name"]),
)


@st.composite
def datasources(draw: st.DrawFn) -> Datasource:
    """Any valid Datasource."""

    def location() -> dict[str, Any]:
        return {**draw(LOCATIONS), **draw(some_of(thumbnailSuffix=SUFFIXES))}

    spec = draw(
        all_of(
            {
                "displayName": st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9 _-]{2,20}", fullmatch=True),
                "serviceAccountName": names,
                "sharedWith": st.lists(st.just("ana@example.com"), max_size=1),
                "metadataFields": METADATA_FIELDS,
            },
            type=st.sampled_from(["IMAGES", "VIDEOS", "CROPS"]),
        )
    )
    places = {
        "input": {**location(), **draw(some_of(purpose=st.just("INPUT")))},
        **({"lightly": location()} if draw(st.booleans()) else {}),
    }
    return Datasource.model_validate(
        {"metadata": {"name": draw(names)}, "spec": {**spec, **places}}
    )
