"""Objects that must be accepted or refused, by Python and by the API server alike.

A row changes a plain Datasource or CurationRun at a few dotted paths. A refused row names the
field that both messages must mention.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

GONE = object()
"""As a value in a row: leave the field out."""

A_RUN: dict[str, Any] = {
    "apiVersion": "curation.dev/v1alpha1",
    "kind": "CurationRun",
    "metadata": {"name": "farm-50"},
    "spec": {
        "datasourceRef": {"name": "farm"},
        "selectionConfig": {
            "nSamples": 50,
            "strategies": [{"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}],
        },
    },
}
A_DATASOURCE: dict[str, Any] = {
    "apiVersion": "curation.dev/v1alpha1",
    "kind": "Datasource",
    "metadata": {"name": "farm"},
    "spec": {
        "type": "IMAGES",
        "input": {"s3": {"resourcePath": "s3://datalake/farm/", "region": "eu-central-1"}},
    },
}


@dataclass(frozen=True)
class Row:
    """One object and the verdict on it."""

    name: str
    base: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict)
    refused_for: str = ""
    """The field that the refusal names; empty when the object is accepted."""

    @property
    def manifest(self) -> dict[str, Any]:
        """The object."""
        manifest = deepcopy(self.base)
        for path, value in self.changes.items():
            _change(manifest, path.split("."), value)
        return manifest


def _change(part: Any, path: list[str], value: Any) -> None:
    step: Any = int(path[0]) if isinstance(part, list) else path[0]
    if len(path) > 1:
        if isinstance(part, dict):
            part.setdefault(step, {})
        _change(part[step], path[1:], value)
    elif value is GONE:
        del part[step]
    else:
        part[step] = value


def run(name: str, changes: dict[str, Any], refused_for: str = "") -> Row:
    """A CurationRun with changes below its spec; a leading '/' starts at the object itself."""
    return Row(f"run: {name}", A_RUN, _below_spec(changes), refused_for)


def source(name: str, changes: dict[str, Any], refused_for: str = "") -> Row:
    """A Datasource with changes below its spec; a leading '/' starts at the object itself."""
    return Row(f"datasource: {name}", A_DATASOURCE, _below_spec(changes), refused_for)


def _below_spec(changes: dict[str, Any]) -> dict[str, Any]:
    return {
        path.removeprefix("/") if path.startswith("/") else f"spec.{path}": value
        for path, value in changes.items()
    }


def worker(key: str, value: Any, refused_for: str = "") -> Row:
    """A key of workerConfig with a value."""
    return run(f"{key} = {value!r}", {f"workerConfig.{key}": value}, refused_for)


def lightly(key: str, value: Any, refused_for: str = "") -> Row:
    """A key of lightlyConfig with a value."""
    return run(f"lightlyConfig.{key} = {value!r}", {f"lightlyConfig.{key}": value}, refused_for)


def job(key: str, value: Any, refused_for: str = "") -> Row:
    """A key of job with a value."""
    return run(f"job.{key} = {value!r}", {f"job.{key}": value}, refused_for)


def entry(
    input_: dict[str, Any], strategy: dict[str, Any], refused_for: str = "", **spec: Any
) -> Row:
    """A run with this one strategy; double underscores in `spec` stand for dots."""
    others = {path.replace("__", "."): value for path, value in spec.items()}
    return run(
        f"{input_} -> {strategy} {spec or ''}",
        {"selectionConfig.strategies": [{"input": input_, "strategy": strategy}], **others},
        refused_for,
    )


def older(refused_for: str = "", **keys: Any) -> Row:
    """A run in the older style with these keys in workerConfig."""
    config = {"stoppingCondition": {"nSamples": 0.1}, **keys}
    config = {key: value for key, value in config.items() if value is not GONE}
    return run(
        f"older style {config}", {"selectionConfig": GONE, "workerConfig": config}, refused_for
    )


EMBEDDINGS = {"type": "EMBEDDINGS"}
QUERY = {"type": "EMBEDDINGS", "datasetId": "snow", "tagName": "initial-tag"}
SCORES = {"type": "SCORES", "task": "cars", "score": "uncertainty_entropy"}
COUNT = {
    "type": "PREDICTIONS",
    "task": "cars",
    "name": "CATEGORY_COUNT",
    "categories": ["bus", "car"],
}
CLASSES = {"type": "PREDICTIONS", "task": "cars", "name": "CLASS_DISTRIBUTION"}
WEATHER = {"type": "METADATA", "key": "weather.description"}
SHARPNESS = {"type": "METADATA", "key": "lightly.sharpness"}
RANDOM = {"type": "RANDOM"}
DIVERSITY = {"type": "DIVERSITY"}
WEIGHTS = {"type": "WEIGHTS"}
TYPICALITY = {"type": "TYPICALITY"}
SIMILARITY = {"type": "SIMILARITY"}
ABOVE_20 = {"type": "THRESHOLD", "threshold": 20, "operation": "BIGGER"}
BALANCE = {"type": "BALANCE", "target": {"sunny": 0.2, "cloudy": 0.4}}
TILES = {"type": "TILING", "name": "tiles", "numRows": 2, "numCols": 3}

PAIRS = [
    entry(EMBEDDINGS, DIVERSITY),
    entry(EMBEDDINGS, TYPICALITY),
    entry(EMBEDDINGS, SIMILARITY, "strategy"),
    entry(EMBEDDINGS, WEIGHTS, "strategy"),
    entry(EMBEDDINGS, ABOVE_20, "strategy"),
    entry(EMBEDDINGS, BALANCE, "strategy"),
    entry({**EMBEDDINGS, "task": "cars"}, DIVERSITY),
    entry(QUERY, SIMILARITY),
    entry(QUERY, DIVERSITY, "strategy"),
    entry(QUERY, TYPICALITY, "strategy"),
    entry(SCORES, WEIGHTS),
    entry(SCORES, ABOVE_20),
    entry(SCORES, DIVERSITY, "strategy"),
    entry(SCORES, BALANCE, "strategy"),
    entry(COUNT, WEIGHTS),
    entry(COUNT, ABOVE_20),
    entry(COUNT, BALANCE, "strategy"),
    entry(CLASSES, BALANCE),
    entry(CLASSES, WEIGHTS, "strategy"),
    entry(CLASSES, ABOVE_20, "strategy"),
    entry(WEATHER, BALANCE),
    entry(SHARPNESS, WEIGHTS),
    entry(SHARPNESS, ABOVE_20),
    entry(SHARPNESS, DIVERSITY, "strategy"),
    entry(RANDOM, WEIGHTS),
    entry({**RANDOM, "randomSeed": 42}, WEIGHTS),
    entry(RANDOM, DIVERSITY, "strategy"),
    entry(RANDOM, ABOVE_20, "strategy"),
]

INPUTS = [
    entry({"type": "EMBEDDING"}, DIVERSITY, "type"),
    entry({}, DIVERSITY, "type"),
    entry({"type": "SCORES", "task": "cars"}, WEIGHTS, "score"),
    entry({"type": "SCORES", "score": "x"}, WEIGHTS, "task"),
    entry({"type": "SCORES", "task": "", "score": "x"}, WEIGHTS, "task"),
    entry({"type": "SCORES", "task": "a b", "score": "x"}, WEIGHTS, "task"),
    entry({"type": "SCORES", "task": "a/b:c@d.e-f+g=h,i_1", "score": "x"}, WEIGHTS),
    entry({"type": "PREDICTIONS", "task": "cars"}, BALANCE, "name"),
    entry({"type": "PREDICTIONS", "name": "CLASS_DISTRIBUTION"}, BALANCE, "task"),
    entry({**CLASSES, "name": "CLASSES"}, BALANCE, "name"),
    entry({**CLASSES, "categories": ["car"]}, BALANCE, "categories"),
    entry({"type": "PREDICTIONS", "task": "t", "name": "CATEGORY_COUNT"}, WEIGHTS, "categories"),
    entry({**COUNT, "categories": []}, WEIGHTS, "categories"),
    entry({**COUNT, "categories": ["car", "car"]}, WEIGHTS, "categories"),
    entry({**COUNT, "categories": [""]}, WEIGHTS, "categories"),
    entry({"type": "METADATA"}, WEIGHTS, "key"),
    entry({"type": "METADATA", "key": ""}, WEIGHTS, "key"),
    entry({**EMBEDDINGS, "key": "weather"}, DIVERSITY, "key"),
    entry({**EMBEDDINGS, "score": "x"}, DIVERSITY, "score"),
    entry({**EMBEDDINGS, "datasetId": "snow"}, SIMILARITY, "tagName"),
    entry({**EMBEDDINGS, "tagName": "initial-tag"}, SIMILARITY, "datasetId"),
    entry({**QUERY, "task": "cars"}, SIMILARITY, "task"),
    entry({**QUERY, "tagName": "ab"}, SIMILARITY, "tagName"),
    entry({**QUERY, "tagName": "2026-01-01 10:00:00 @night = 1;2"}, SIMILARITY),
    entry({**QUERY, "tagName": "-first"}, SIMILARITY, "tagName"),
    entry({**QUERY, "datasetId": "62a9e4f1c0ffee0123456789"}, SIMILARITY),
    entry({**QUERY, "datasetId": "a b"}, SIMILARITY, "datasetId"),
    entry({**RANDOM, "task": "cars"}, WEIGHTS, "task"),
    entry({**EMBEDDINGS, "randomSeed": 1}, DIVERSITY, "randomSeed"),
    entry({**RANDOM, "randomSeed": 1.5}, WEIGHTS, "randomSeed"),
    entry({**RANDOM, "randomSeed": "1"}, WEIGHTS, "randomSeed"),
    entry({**RANDOM, "colour": "red"}, WEIGHTS, "colour"),
]

STRATEGIES = [
    entry(EMBEDDINGS, {"type": "DIVERSE"}, "type"),
    entry(EMBEDDINGS, {**DIVERSITY, "stoppingConditionMinimumDistance": 0.2}),
    entry(EMBEDDINGS, {**DIVERSITY, "stoppingConditionMinimumDistance": 0}),
    entry(EMBEDDINGS, {**DIVERSITY, "stoppingConditionMinimumDistance": 2}),
    entry(
        EMBEDDINGS,
        {**DIVERSITY, "stoppingConditionMinimumDistance": -0.1},
        "stoppingConditionMinimumDistance",
    ),
    entry(
        EMBEDDINGS,
        {**DIVERSITY, "stoppingConditionMinimumDistance": 2.5},
        "stoppingConditionMinimumDistance",
    ),
    entry(
        EMBEDDINGS,
        {**DIVERSITY, "stoppingConditionMinimumDistance": 2.5},
        workerConfig__normalizeEmbeddings=False,
    ),
    entry(
        SCORES,
        {**WEIGHTS, "stoppingConditionMinimumDistance": 0.2},
        "stoppingConditionMinimumDistance",
    ),
    entry(SCORES, {"type": "THRESHOLD", "threshold": 20}, "operation"),
    entry(SCORES, {"type": "THRESHOLD", "operation": "BIGGER"}, "threshold"),
    entry(SCORES, {**ABOVE_20, "operation": "SMALLER"}),
    entry(SCORES, {**ABOVE_20, "operation": "SMALLER_EQUAL"}),
    entry(SCORES, {**ABOVE_20, "operation": "BIGGER_EQUAL"}),
    entry(SCORES, {**ABOVE_20, "operation": "GREATER"}, "operation"),
    entry(SCORES, {**ABOVE_20, "threshold": "20"}, "threshold"),
    entry(SCORES, {**ABOVE_20, "threshold": -1.5}),
    entry(SCORES, {**WEIGHTS, "threshold": 20}, "threshold"),
    entry(SCORES, {**ABOVE_20, "strength": 2}, "strength"),
    entry(WEATHER, {"type": "BALANCE"}, "target"),
    entry(WEATHER, {"type": "BALANCE", "distribution": "UNIFORM"}),
    entry(WEATHER, {"type": "BALANCE", "distribution": "INPUT"}),
    entry(WEATHER, {"type": "BALANCE", "distribution": "TARGET"}, "target"),
    entry(WEATHER, {**BALANCE, "distribution": "TARGET"}),
    entry(WEATHER, {**BALANCE, "distribution": "UNIFORM"}, "distribution"),
    entry(WEATHER, {**BALANCE, "distribution": "EQUAL"}, "distribution"),
    entry(WEATHER, {"type": "BALANCE", "target": {}}, "target"),
    entry(WEATHER, {"type": "BALANCE", "target": {"a": 0.6, "b": 0.6}}, "target"),
    entry(WEATHER, {"type": "BALANCE", "target": {"a": 1.2}}, "target"),
    entry(WEATHER, {"type": "BALANCE", "target": {"a": -0.2}}, "target"),
    entry(WEATHER, {"type": "BALANCE", "target": {"a": "half"}}, "target"),
    entry(WEATHER, {"type": "BALANCE", "target": {"a": 0.1, "b": 0.2, "c": 0.7}}),
    entry(SCORES, {**WEIGHTS, "target": {"a": 0.5}}, "target"),
    entry(EMBEDDINGS, {**TYPICALITY, "numNearestNeighbors": 2}),
    entry(EMBEDDINGS, {**TYPICALITY, "numNearestNeighbors": 1}, "numNearestNeighbors"),
    entry(EMBEDDINGS, {**DIVERSITY, "numNearestNeighbors": 5}, "numNearestNeighbors"),
    entry(EMBEDDINGS, {**TYPICALITY, "stoppingConditionMinimumTypicality": 0.4}),
    entry(
        EMBEDDINGS,
        {**TYPICALITY, "stoppingConditionMinimumTypicality": 0},
        "stoppingConditionMinimumTypicality",
    ),
    entry(SCORES, {**WEIGHTS, "strength": -3.5}),
    entry(SCORES, {**WEIGHTS, "strength": 0}),
    entry(SCORES, {**WEIGHTS, "strength": 1e9}),
    entry(SCORES, {**WEIGHTS, "strength": 2e9}, "strength"),
    entry(SCORES, {**WEIGHTS, "strength": -2e9}, "strength"),
    entry(SCORES, {**WEIGHTS, "stoppingConditionMaxSum": 100}),
    entry(SCORES, {**WEIGHTS, "stoppingConditionMaxSum": -1}, "stoppingConditionMaxSum"),
    entry(EMBEDDINGS, {**DIVERSITY, "stoppingConditionMaxSum": 1}, "stoppingConditionMaxSum"),
    entry(SCORES, {**WEIGHTS, "targetRange": {"minSum": 1, "maxSum": 5}}),
    entry(SCORES, {**WEIGHTS, "targetRange": {"minSum": 5, "maxSum": 1}}, "maxSum"),
    entry(SCORES, {**WEIGHTS, "targetRange": {"minSum": 5}}, "maxSum"),
    entry(EMBEDDINGS, {**DIVERSITY, "targetRange": {"minSum": 1, "maxSum": 5}}, "targetRange"),
]

SELECTIONS = [
    run("a share", {"selectionConfig.nSamples": GONE, "selectionConfig.proportionSamples": 0.1}),
    run("everything", {"selectionConfig.nSamples": -1, "selectionConfig.proportionSamples": 1.0}),
    run("no size", {"selectionConfig.nSamples": GONE}, "nSamples"),
    run("size switched off", {"selectionConfig.nSamples": -1}, "nSamples"),
    run("two sizes", {"selectionConfig.proportionSamples": 0.1}, "proportionSamples"),
    run("none at all", {"selectionConfig.nSamples": 0}, "nSamples"),
    run("less than none", {"selectionConfig.nSamples": -2}, "nSamples"),
    run("a number in words", {"selectionConfig.nSamples": "50"}, "nSamples"),
    run("half a sample", {"selectionConfig.nSamples": 0.5}, "nSamples"),
    run(
        "more than everything",
        {"selectionConfig.nSamples": GONE, "selectionConfig.proportionSamples": 1.1},
        "proportionSamples",
    ),
    run("no strategy", {"selectionConfig.strategies": []}, "strategies"),
    run("strategies missing", {"selectionConfig.strategies": GONE}, "strategies"),
    run("no selection", {"selectionConfig": GONE}, "selectionConfig"),
    run(
        "two strategies together",
        {
            "selectionConfig.strategies": [
                {"input": EMBEDDINGS, "strategy": DIVERSITY},
                {"input": SCORES, "strategy": {**WEIGHTS, "strength": 2}},
            ]
        },
    ),
    run("a path pattern", {"selectionConfig.lightlyPathRegex": "(?P<camera>[a-z]+)/.*"}),
    run("an unknown key in selectionConfig", {"selectionConfig.samples": 5}, "samples"),
    run("tiles", {"selectionConfig.autoTasks": [TILES]}),
    run("tiles that overlap", {"selectionConfig.autoTasks": [{**TILES, "overlap": 0.5}]}),
    run("tiles beside", {"selectionConfig.autoTasks": [{**TILES, "overlap": -1}]}, "overlap"),
    run("tiles on tiles", {"selectionConfig.autoTasks": [{**TILES, "overlap": 1}]}, "overlap"),
    run("no rows", {"selectionConfig.autoTasks": [{**TILES, "numRows": 0}]}, "numRows"),
    run(
        "columns missing",
        {"selectionConfig.autoTasks": [{"type": "TILING", "name": "t", "numRows": 2}]},
        "numCols",
    ),
    run("tiles twice", {"selectionConfig.autoTasks": [TILES, TILES]}, "autoTasks"),
    run(
        "a fixed box",
        {"selectionConfig.autoTasks": [{"type": "CROP", "name": "sky", "bboxs": [[0, 0, 1, 0.4]]}]},
    ),
    run(
        "a box without boxes",
        {"selectionConfig.autoTasks": [{"type": "CROP", "name": "sky"}]},
        "bboxs",
    ),
    run(
        "a box of three",
        {"selectionConfig.autoTasks": [{"type": "CROP", "name": "s", "bboxs": [[0, 0, 1]]}]},
        "bboxs",
    ),
    run(
        "scores of tiles",
        {
            "selectionConfig.autoTasks": [TILES],
            "selectionConfig.strategies": [
                {"input": {**SCORES, "task": "tiles"}, "strategy": WEIGHTS}
            ],
        },
        "autoTasks",
    ),
    run(
        "built-in predictions without the detector",
        {
            "selectionConfig.strategies": [
                {"input": {**CLASSES, "task": "lightly_pretagging"}, "strategy": BALANCE}
            ]
        },
        "pretagging",
    ),
    run(
        "built-in predictions",
        {
            "workerConfig.pretagging": True,
            "selectionConfig.strategies": [
                {"input": {**CLASSES, "task": "lightly_pretagging"}, "strategy": BALANCE}
            ],
        },
    ),
]

WORKER = [
    worker("enableCorruptnessCheck", False),
    worker("enableCorruptnessCheck", "yes", "enableCorruptnessCheck"),
    worker("enableCorruptnessCheck", 1, "enableCorruptnessCheck"),
    worker("removeExactDuplicates", False),
    worker("corruptnessCheck", {"corruptionThreshold": 0.5}),
    worker("corruptnessCheck", {"corruptionThreshold": 1.5}, "corruptionThreshold"),
    worker("relevantFilenamesFile", ""),
    worker("relevantFilenamesFile", ".lightly/relevant_filenames.txt"),
    worker("relevantFilenamesFile", "relevant_filenames.txt", "relevantFilenamesFile"),
    worker("relevantFilenamesFile", ".lightly/../secret.txt", "relevantFilenamesFile"),
    worker("relevantFilenamesFile", "./.lightly/list.txt", "relevantFilenamesFile"),
    worker("relevantFilenamesFile", "/.lightly/list.txt", "relevantFilenamesFile"),
    worker("relevantFilenamesFile", ".lightly/", "relevantFilenamesFile"),
    worker("enableTraining", True),
    worker("checkpoint", "lightly_epoch_9.ckpt"),
    worker("checkpoint", "/models/lightly_epoch_9.ckpt"),
    worker("checkpoint", "https://example.com/x.ckpt", "checkpoint"),
    worker("checkpoint", "../x.ckpt", "checkpoint"),
    worker("checkpointRunId", "farm-49"),
    worker("embeddings", "mine.csv"),
    worker("embeddings", "/mine.csv", "embeddings"),
    run(
        "training beside given embeddings",
        {"workerConfig.enableTraining": True, "workerConfig.embeddings": "mine.csv"},
        "embeddings",
    ),
    run(
        "training beside a datapool",
        {"workerConfig.enableTraining": True, "workerConfig.useDatapool": True},
        "useDatapool",
    ),
    run(
        "two checkpoints",
        {"workerConfig.checkpoint": "x.ckpt", "workerConfig.checkpointRunId": "farm-49"},
        "checkpointRunId",
    ),
    worker("training", {"taskName": "cars"}),
    worker("normalizeEmbeddings", False),
    worker("exactEmbeddings", True),
    worker("selectedSequenceLength", 10),
    worker("selectedSequenceLength", 0, "selectedSequenceLength"),
    run(
        "frames that make no whole sequences",
        {"workerConfig.selectedSequenceLength": 10, "selectionConfig.nSamples": 55},
        "selectedSequenceLength",
    ),
    worker("objectLevel", {"cropDatasetName": "farm crops", "padding": 0.1}),
    worker("objectLevel", {"padding": -0.1}, "padding"),
    worker("objectLevel", {"cropDatasetName": "a/b"}, "cropDatasetName"),
    worker("crops", {"enableUpload": False}),
    worker("crops", {"enableUploadForTasks": ["cars"]}),
    worker("useDatapool", True),
    worker("datapool", {"name": "pool", "keepHistory": True, "datasetId": "x"}),
    worker("datasource", {"processAll": True, "enableDatapoolUpdate": False}),
    worker("datasource", {"bypassVerify": True, "useFrameCountMetadata": True}),
    worker(
        "datasource", {"inputExpiration": {"minDaysToExpiration": 3, "handlingStrategy": "SKIP"}}
    ),
    worker(
        "datasource",
        {"inputExpiration": {"minDaysToExpiration": 3, "handlingStrategy": "IGNORE"}},
        "handlingStrategy",
    ),
    worker(
        "datasource",
        {"inputExpiration": {"handlingStrategy": "SKIP"}},
        "minDaysToExpiration",
    ),
    worker("outputImageSize", [-1]),
    worker("outputImageSize", [480]),
    worker("outputImageSize", [480, 640]),
    worker("outputImageSize", [0], "outputImageSize"),
    worker("outputImageSize", [], "outputImageSize"),
    worker("outputImageSize", [1, 2, 3], "outputImageSize"),
    worker("outputImageFormat", "jpg"),
    worker("outputImageFormat", "JPG!", "outputImageFormat"),
    worker("nExampleImages", 8),
    worker("nExampleImages", 7, "nExampleImages"),
    worker("nExampleImages", -2, "nExampleImages"),
    worker("memoryRequirementInGB", 0.5),
    worker("memoryRequirementInGB", 0, "memoryRequirementInGB"),
    worker("runDirectory", "experiments/first"),
    worker("runDirectory", "../first", "runDirectory"),
    worker("numProcesses", -1),
    worker("numThreads", -2, "numThreads"),
    worker("cacheSize", 10_000_000_000),
    worker("sanityCheck", True),
    worker("token", ""),
    worker("token", "a-secret", "token"),
    worker("worker", {"workerId": "w", "forceStart": False}),
    worker("shutdownWhenJobFinished", True),
    worker("enableTrainin", True, "enableTrainin"),
    worker("pretaggingConfig", ""),
    worker("dumpDataset", True),
    worker("appendWeakLabels", True),
]

OLDER_STYLE = [
    older(),
    older(method="coreset"),
    older(method="random"),
    older(method="kmeans", refused_for="method"),
    older(stoppingCondition={"nSamples": 100}),
    older(stoppingCondition={"nSamples": 100.5}, refused_for="nSamples"),
    older(stoppingCondition={"nSamples": 1}, refused_for="nSamples"),
    older(stoppingCondition={"nSamples": 0}, refused_for="nSamples"),
    older(stoppingCondition={"nSamples": -1, "minDistance": 0.2}),
    older(stoppingCondition={"minDistance": 0.2}),
    older(stoppingCondition={"nSamples": -1, "minDistance": -1}, refused_for="stoppingCondition"),
    older(stoppingCondition={}, refused_for="stoppingCondition"),
    older(stoppingCondition={"minDistance": -0.5}, refused_for="minDistance"),
    older(method="random", stoppingCondition={"minDistance": 0.2}, refused_for="minDistance"),
    older(stoppingCondition=GONE, method="coreset", refused_for="selectionConfig"),
    older(scorer="object-frequency", scorerConfig={"frequencyPenalty": 0.25, "minScore": 0.9}),
    older(scorer=""),
    older(scorer="objectness", refused_for="object-frequency"),
    older(scorerConfig={"minScore": 2}, refused_for="minScore"),
    older(method="coral", activeLearning={"taskName": "cars"}),
    older(
        method="active_learning",
        activeLearning={"taskName": "", "scoreName": "uncertainty_margin"},
        refused_for="activeLearning",
    ),
    older(method="active_learning", pretagging=True),
    older(method="active_learning", pretagging=True, scorer="", refused_for="scorer"),
    older(method="coreset", activeLearning={"taskName": "cars"}, refused_for="activeLearning"),
    older(activeLearning={"taskName": "", "scoreName": "entropy"}, refused_for="scoreName"),
    older(objectLevel={"taskName": ""}),
    older(objectLevel={"taskName": "cars", "padding": 0.1}),
    older(objectLevel={"taskName": "lightly_pretagging"}, refused_for="pretagging"),
    older(objectLevel={"taskName": "lightly_pretagging"}, pretagging=True),
    older(pretagging=True, pretaggingConfig="minima.json"),
    run("older style beside today's", {"workerConfig.method": "coreset"}, "selectionConfig"),
    run(
        "an older stop beside today's style",
        {"workerConfig.stoppingCondition": {"nSamples": 0.1}},
        "selectionConfig",
    ),
    run("an older scorer beside today's style", {"workerConfig.scorer": ""}, "selectionConfig"),
    run(
        "an object level task beside today's style",
        {"workerConfig.objectLevel": {"taskName": "cars"}},
        "selectionConfig",
    ),
]

LIGHTLY = [
    lightly("loader", {"batchSize": 16, "shuffle": True, "numWorkers": -1, "dropLast": True}),
    lightly("loader.batchSize", 0, "batchSize"),
    lightly("loader.batchSize", "16", "batchSize"),
    lightly("loader.numWorkers", -2, "numWorkers"),
    lightly("model.name", "resnet-50"),
    lightly("model.name", "torchvision/mobilenet_v3_small"),
    lightly("model.name", "resnet50", "name"),
    lightly("model.numFtrs", 0, "numFtrs"),
    lightly("trainer.gpus", 0),
    lightly("trainer.gpus", -1, "gpus"),
    lightly("trainer.precision", 16),
    lightly("trainer.precision", 64, "precision"),
    lightly("trainer.maxEpochs", 0),
    lightly("criterion.temperature", 0, "temperature"),
    lightly("optimizer", {"lr": 1, "weightDecay": 0.00001}),
    lightly("optimizer.lr", -1, "lr"),
    lightly("optimizer.weightDecay", 2, "weightDecay"),
    lightly("collate.inputSize", 0, "inputSize"),
    lightly("collate.cjProb", 1.1, "cjProb"),
    lightly("collate.kernelSize", 0.1),
    lightly("collate.sigmas", [0.2, 2]),
    lightly("collate.sigmas", [2, 0.2], "sigmas"),
    lightly("collate.sigmas", [0, 1], "sigmas"),
    lightly("collate.sigmas", [1], "sigmas"),
    lightly("collate.rrDegrees", [-90, 90]),
    lightly("collate.rrDegrees", [90, -90], "rrDegrees"),
    lightly("checkpointCallback", {"saveLast": False, "saveTopK": 3}),
    lightly("seed", -7),
    lightly("seed", 1.5, "seed"),
    lightly("preTrained", False),
    lightly("upload", "none"),
    lightly("upload", "some", "upload"),
    lightly("resize", [-1]),
    lightly("token", "a-secret", "token"),
    lightly("optimiser", {"lr": 1}, "optimiser"),
]

RUNS = [
    run("as it is", {}),
    run("a name of 36 characters", {"/metadata.name": "a" * 36}),
    run("a name of 37 characters", {"/metadata.name": "a" * 37}, "metadata.name"),
    run("a name with a dot", {"/metadata.name": "farm.50"}, "metadata.name"),
    run("no Datasource", {"datasourceRef": GONE}, "datasourceRef"),
    run("a Datasource without name", {"datasourceRef": {}}, "name"),
    run("a Datasource with capitals", {"datasourceRef.name": "Farm"}, "name"),
    run("a priority", {"priority": "CRITICAL"}),
    run("an unknown priority", {"priority": "URGENT"}, "priority"),
    run("labels of workers", {"runsOn": ["gpu", "berlin"]}),
    run("labels that are no list", {"runsOn": "gpu"}, "runsOn"),
    run("suspended and cancelled", {"suspend": True, "cancel": True}),
    run("a second attempt", {"attempt": 2}),
    run("no attempt", {"attempt": 0}, "attempt"),
    run("too many attempts", {"attempt": 100}, "attempt"),
    run("a deadline", {"activeDeadlineSeconds": 86400}),
    run("no time at all", {"activeDeadlineSeconds": 0}, "activeDeadlineSeconds"),
    run("a null is nothing", {"runsOn": None, "job": None, "workerConfig": {"method": None}}),
    run("an unknown key", {"selection": {}}, "selection"),
    run("an unknown key at the top", {"/specs": {}}, "specs"),
    run("no spec", {"/spec": GONE}, "spec"),
]

JOBS = [
    job("gpus", 0),
    job("gpus", -1, "gpus"),
    job("parallelism", 64),
    job("parallelism", 0, "parallelism"),
    job("cpu", 4),
    job("cpu", "500m"),
    job("cpu", "many", "cpu"),
    job("cpu", 0, "cpu"),
    job("cpu", True, "cpu"),
    job("memory", "16Gi"),
    job("memory", "0", "memory"),
    job("memory", "-1Gi", "memory"),
    job("shmSize", "1Gi"),
    job("queueName", "gpu-queue"),
    job("queueName", "GPU queue", "queueName"),
    job("nodeSelector", {"nvidia.com/gpu.product": "H100"}),
    job("tolerations", [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}]),
    job("tolerations", [{"key": "spot", "operator": "exists"}], "operator"),
    job(
        "affinity",
        {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}
                    ]
                }
            }
        },
    ),
    job("affinity", {"nodeAffinty": {}}, "nodeAffinty"),
    job("podLabels", {"team": "perception"}),
    job("podLabels", {"curation.dev/run": "x"}, "podLabels"),
    job("podAnnotations", {"argocd.argoproj.io/instance": "x"}, "podAnnotations"),
    job("env", [{"name": "HF_HOME", "value": "/cache"}]),
    job("env", [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}], "env"),
    job("env", [{"name": "1A"}], "name"),
    job(
        "volumes",
        [{"name": "m", "mountPath": "/models", "persistentVolumeClaim": {"claimName": "models"}}],
    ),
    job("volumes", [{"name": "m", "mountPath": "/models"}], "persistentVolumeClaim"),
    job("volumes", [{"name": "m", "mountPath": "models", "emptyDir": {}}], "mountPath"),
    job("image", "registry.example.com/curation-job:1"),
    job("maxFailedShardsPercent", 101, "maxFailedShardsPercent"),
    job("serviceAccountName", "worker"),
]

GCS = {"resourcePath": "gs://curated/farm/", "projectId": "acme"}
AZURE = {"containerName": "curated/farm/", "accountName": "acme"}
DELEGATED = {
    "resourcePath": "s3://datalake/farm/",
    "region": "eu-central-1",
    "roleArn": "arn:aws:iam::123456789012:role/curation",
}
SECRET = {"secretRef": {"name": "farm-reader"}}


def place(name: str, location: dict[str, Any], refused_for: str = "") -> Row:
    """A Datasource whose raw files lie there."""
    return source(name, {"input": location}, refused_for)


DATASOURCES = [
    source("as it is", {}),
    source("videos", {"type": "VIDEOS"}),
    source("crops", {"type": "CROPS"}),
    source("a type in small letters", {"type": "images"}, "type"),
    source("no type", {"type": GONE}, "type"),
    source("a display name", {"displayName": "Farm animals 2026"}),
    source("a short display name", {"displayName": "ab"}, "displayName"),
    source("a display name with a slash", {"displayName": "farm/animals"}, "displayName"),
    source("a long name", {"/metadata.name": "f" * 37}, "metadata.name"),
    source("no input yet", {"input": GONE}),
    source("an input for raw files only", {"input.purpose": "INPUT"}),
    source("an input for results alone", {"input.purpose": "LIGHTLY"}, "purpose"),
    place("with a Secret", {**A_DATASOURCE["spec"]["input"], "credentials": SECRET}),
    place("without provider", {"credentials": SECRET}, "exactly one"),
    place("with two providers", {"gcs": GCS, "azure": AZURE}, "exactly one"),
    place(
        "S3 elsewhere", {"s3": {"resourcePath": "s3://lake/x", "endpointUrl": "http://minio:9000"}}
    ),
    place("S3 without region", {"s3": {"resourcePath": "s3://lake/x"}}, "region"),
    place(
        "S3 with a wrong scheme",
        {"s3": {"resourcePath": "gs://b/x", "region": "x"}},
        "resourcePath",
    ),
    place("S3 without bucket", {"s3": {"resourcePath": "s3:///x", "region": "x"}}, "resourcePath"),
    place(
        "a region with a space", {"s3": {"resourcePath": "s3://lake/x", "region": "eu 1"}}, "region"
    ),
    place(
        "S3 and KMS",
        {
            "s3": {
                "resourcePath": "s3://lake/x",
                "region": "x",
                "kmsKey": "arn:aws:kms:eu-central-1:123456789012:key/abc",
            }
        },
    ),
    place(
        "S3 and no KMS",
        {"s3": {"resourcePath": "s3://lake/x", "region": "x", "kmsKey": "abc"}},
        "kmsKey",
    ),
    place(
        "S3 at no address",
        {"s3": {"resourcePath": "s3://lake/x", "endpointUrl": "minio:9000"}},
        "endpointUrl",
    ),
    place("a role", {"s3DelegatedAccess": DELEGATED, "credentials": SECRET}),
    place("a role without its Secret", {"s3DelegatedAccess": DELEGATED}, "credentials"),
    place(
        "no role",
        {
            "s3DelegatedAccess": {**DELEGATED, "roleArn": "arn:aws:iam::1:role/x"},
            "credentials": SECRET,
        },
        "roleArn",
    ),
    place("Google", {"gcs": GCS}),
    place("Google without project", {"gcs": {"resourcePath": "gs://curated/farm/"}}, "projectId"),
    place(
        "Google with a wrong scheme",
        {"gcs": {**GCS, "resourcePath": "s3://curated/"}},
        "resourcePath",
    ),
    place("Azure", {"azure": AZURE, "credentials": SECRET}),
    place(
        "Azure with a scheme", {"azure": {**AZURE, "containerName": "https://x/y"}}, "containerName"
    ),
    place(
        "Azure with a wrong account",
        {"azure": {**AZURE, "accountName": "Acme Corp"}},
        "accountName",
    ),
    place("a volume", {"local": {"claimName": "images", "path": "farm/2026"}}),
    place("all of a volume", {"local": {"claimName": "images"}}),
    place(
        "a volume with keys",
        {"local": {"claimName": "images"}, "credentials": SECRET},
        "credentials",
    ),
    place("out of a volume", {"local": {"claimName": "images", "path": "../etc"}}, "path"),
    place("an absolute path", {"local": {"claimName": "images", "path": "/etc"}}, "path"),
    place("an address as path", {"local": {"claimName": "images", "path": "http://x"}}, "path"),
    place("an unknown provider", {"ftp": {"host": "x"}}, "ftp"),
    place("a Secret without name", {"gcs": GCS, "credentials": {"secretRef": {}}}, "name"),
    source("results elsewhere", {"lightly": {"gcs": GCS, "credentials": SECRET}}),
    source("results nowhere", {"lightly": {}}, "exactly one"),
    source("a thumbnail suffix", {"input.thumbnailSuffix": "thumbs/[filename].[extension]"}),
    source("no thumbnails", {"input.thumbnailSuffix": ""}),
    source("null thumbnails", {"input.thumbnailSuffix": None}),
    source("one thumbnail for all", {"input.thumbnailSuffix": "thumb.jpg"}, "thumbnailSuffix"),
    source("thumbnails outside", {"input.thumbnailSuffix": "../[filename].jpg"}, "thumbnailSuffix"),
    source("no thumbnails written", {"lightly": {"gcs": GCS, "thumbnailSuffix": None}}),
    source(
        "thumbnails over raw files",
        {"lightly": {"gcs": GCS, "thumbnailSuffix": "[filename].[extension]"}},
        "thumbnailSuffix",
    ),
    source("an identity", {"serviceAccountName": "curation-worker"}),
    source("shared", {"sharedWith": ["ana@example.com"]}),
    source("shared with nobody", {"sharedWith": ["ana"]}, "sharedWith"),
    source(
        "metadata",
        {
            "metadataFields": [
                {
                    "name": "Weather",
                    "path": "weather.scenario",
                    "valueDataType": "CATEGORICAL_STRING",
                    "defaultValue": "unknown",
                },
                {"name": "T", "path": "t", "valueDataType": "NUMERICAL_INT", "defaultValue": 0},
            ]
        },
    ),
    source(
        "metadata twice",
        {
            "metadataFields": [
                {"name": "T", "path": "t", "valueDataType": "NUMERIC_INT", "defaultValue": 0},
                {"name": "T", "path": "u", "valueDataType": "NUMERIC_INT", "defaultValue": 0},
            ]
        },
        "metadataFields",
    ),
    source(
        "metadata of no type",
        {"metadataFields": [{"name": "T", "path": "t", "valueDataType": "INT", "defaultValue": 0}]},
        "valueDataType",
    ),
    source(
        "metadata without default",
        {"metadataFields": [{"name": "T", "path": "t", "valueDataType": "NUMERIC_INT"}]},
        "defaultValue",
    ),
    source(
        "a decimal default without quotes",
        {
            "metadataFields": [
                {"name": "T", "path": "t", "valueDataType": "NUMERIC_FLOAT", "defaultValue": 0.5}
            ]
        },
        "defaultValue",
    ),
]

ROWS: list[Row] = [
    *RUNS,
    *PAIRS,
    *INPUTS,
    *STRATEGIES,
    *SELECTIONS,
    *WORKER,
    *OLDER_STYLE,
    *LIGHTLY,
    *JOBS,
    *DATASOURCES,
]
