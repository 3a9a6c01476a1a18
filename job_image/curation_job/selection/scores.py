"""Active-learning scores: from what a model predicts to how much there is to learn from a sample.

All scores are between 0 and 1, larger for samples that are worth more. An image on which nothing is
predicted scores 0, except for how frequent objects are, which is relative to the other images.
"""

# B boxes, masks or instances, C categories, N images, P keypoints.

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation_job.selection.errors import InvalidConfigurationError

Values = NDArray[np.float64]
Numbers = NDArray[np.integer]

CLASSIFICATION_SCORES = (
    "uncertainty_least_confidence",
    "uncertainty_margin",
    "uncertainty_entropy",
)
DETECTION_SCORES = ("object_frequency", "objectness_least_confidence", *CLASSIFICATION_SCORES)
KEYPOINT_SCORES = ("mean_uncertainty",)

FREQUENCY_PENALTY = 0.25
LEAST_FREQUENCY_SCORE = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Objects found on images, in any order."""

    image_B: Numbers
    """Which image each is on."""
    category_B: Numbers
    score_B: Values
    """How sure the detector is of each."""
    probability_BC: Values

    @classmethod
    def from_scores(
        cls, image_B: Numbers, category_B: Numbers, score_B: Values, categories: int
    ) -> "Boxes":
        """Boxes without probabilities: what the score leaves is shared by all other categories."""
        rest_B = (1 - score_B) / max(1, categories - 1)
        probability_BC = np.repeat(rest_B[:, None], categories, axis=1)
        probability_BC[np.arange(len(score_B)), category_B] = score_B
        return cls(image_B, category_B, score_B, probability_BC)

    @classmethod
    def from_probabilities(
        cls, image_B: Numbers, probability_BC: Values, objectness_B: Values
    ) -> "Boxes":
        """Boxes without scores: each is as sure as there is an object, and of its category."""
        category_B = probability_BC.argmax(axis=1)
        score_B = objectness_B * probability_BC.max(axis=1, initial=0.0)
        return cls(image_B, category_B, score_B, probability_BC)


def classification_scores(probability_NC: Values) -> dict[str, Values]:
    """How unsure a classifier is, by three measures: 0 for one certain class, 1 for no idea."""
    _check_parts(probability_NC, "probabilities")
    if probability_NC.shape[1] == 1:
        probability_NC = np.column_stack([probability_NC, 1 - probability_NC])
    categories = probability_NC.shape[1]
    second_N, first_N = np.sort(probability_NC, axis=1)[:, -2:].T
    logarithm_NC = np.log2(
        probability_NC, out=np.zeros_like(probability_NC), where=probability_NC > 0
    )
    measures = (
        (1 - first_N) / (1 - 1 / categories),
        1 - (first_N - second_N),
        -(probability_NC * logarithm_NC).sum(axis=1) / np.log2(categories),
    )
    return {
        name: np.clip(np.nan_to_num(measure, nan=0.0), 0.0, 1.0)
        for name, measure in zip(CLASSIFICATION_SCORES, measures, strict=True)
    }


def detection_scores(
    boxes: Boxes,
    images: int,
    *,
    frequency_penalty: float = FREQUENCY_PENALTY,
    least_score: float = LEAST_FREQUENCY_SCORE,
) -> dict[str, Values]:
    """How many objects there are, how unsure a detector is of them, and of what they are."""
    _check_parts(boxes.score_B, "box scores")
    count_N = np.bincount(boxes.image_B, minlength=images)
    total_N = np.bincount(boxes.image_B, weights=boxes.score_B, minlength=images)
    uncertainty = {
        name: _largest(score_B, boxes.image_B, images)
        for name, score_B in classification_scores(boxes.probability_BC).items()
    }
    return {
        "object_frequency": _object_frequency(boxes, images, frequency_penalty, least_score),
        "objectness_least_confidence": np.where(
            count_N > 0, 1 - total_N / np.maximum(1, count_N), 0
        ),
        **uncertainty,
    }


def _object_frequency(boxes: Boxes, images: int, penalty: float, least_score: float) -> Values:
    """The first object of a category counts 1, others of it less; scaled over all images."""
    kind_B = boxes.image_B * (int(boxes.category_B.max(initial=0)) + 1) + boxes.category_B
    _, first_B, count_K = np.unique(kind_B, return_index=True, return_counts=True)
    weight_K = 1 + penalty * (count_K - 1.0)
    value_N = np.bincount(boxes.image_B[first_B], weight_K, minlength=images).astype(np.float64)
    low, high = float(value_N.min(initial=np.inf)), float(value_N.max(initial=-np.inf))
    if not low < high:
        return np.ones(images)
    return least_score + (1 - least_score) * (value_N - low) / (high - low)


def segmentation_scores(
    image_B: Numbers, area_B: Values, probability_BC: Values, images: int
) -> dict[str, Values]:
    """How unsure a classifier is of the masks on an image, in the mean over their area."""
    area_N = np.bincount(image_B, weights=area_B, minlength=images)
    return {
        name: np.bincount(image_B, weights=area_B * score_B, minlength=images)
        / np.where(area_N > 0, area_N, 1)
        for name, score_B in classification_scores(probability_BC).items()
    }


def keypoint_scores(
    confidence_P: Values, instance_P: Numbers, image_B: Numbers, images: int
) -> dict[str, Values]:
    """1 minus the confidence of a mean instance, whose confidence is that of its mean keypoint."""
    _check_parts(confidence_P, "keypoint confidences")
    points_B = np.bincount(instance_P, minlength=len(image_B))
    total_B = np.bincount(instance_P, weights=confidence_P, minlength=len(image_B))
    mean_B = total_B / np.maximum(1, points_B)
    count_N = np.bincount(image_B, minlength=images)
    mean_N = np.bincount(image_B, weights=mean_B, minlength=images) / np.maximum(1, count_N)
    return {"mean_uncertainty": np.where(count_N > 0, 1 - mean_N, 0.0)}


def class_distribution(boxes: Boxes, images: int) -> Values:
    """For each image the sum of the probabilities of all its objects, zero without any."""
    distribution_NC = np.zeros((images, boxes.probability_BC.shape[1]))
    np.add.at(distribution_NC, boxes.image_B, boxes.probability_BC)
    return distribution_NC


def category_count(boxes: Boxes, images: int, categories: Numbers) -> Values:
    """How many objects of these categories there are on each image."""
    is_counted_B = np.isin(boxes.category_B, categories)
    return np.bincount(boxes.image_B[is_counted_B], minlength=images).astype(np.float64)


def _largest(score_B: Values, image_B: Numbers, images: int) -> Values:
    largest_N = np.zeros(images)
    np.maximum.at(largest_N, image_B, score_B)
    return largest_N


def _check_parts(values: Values, what: str) -> None:
    wrong = values[(values < 0) | (values > 1)]
    if wrong.size:
        raise InvalidConfigurationError(
            f"{what[0].upper()}{what[1:]} must be between 0 and 1, got {wrong.flat[0]:g}",
            fix="Correct the predictions; scores in per cent have to be divided by 100",
        )
