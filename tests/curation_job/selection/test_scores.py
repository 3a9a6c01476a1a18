"""Active-learning scores on cases worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from curation_api import CurationError
from curation_job.selection.scores import (
    CLASSIFICATION_SCORES,
    DETECTION_SCORES,
    Boxes,
    category_count,
    class_distribution,
    classification_scores,
    detection_scores,
    keypoint_scores,
    segmentation_scores,
)

NO_IMAGES = np.empty(0, np.intp)


def scores_of(*probabilities: float) -> list[float]:
    scores = classification_scores(np.array([probabilities]))
    return [float(scores[name][0]) for name in CLASSIFICATION_SCORES]


@pytest.mark.covers("R196")
@pytest.mark.parametrize(
    ("probabilities", "least_confidence", "margin", "entropy"),
    [
        ((1.0, 0.0), 0.0, 0.0, 0.0),
        ((0.5, 0.5), 1.0, 1.0, 1.0),
        ((0.5, 0.25, 0.25), 0.75, 0.75, 1.5 / np.log2(3)),
        ((0.7, 0.2, 0.1, 0.0), 0.4, 0.5, 1.1567796494470395 / 2),
        ((0.5,), 1.0, 1.0, 1.0),
        ((0.9,), 0.2, 0.2, 0.4689955935892812),
        ((np.nan, 0.5), 0.0, 0.0, 0.0),
    ],
)
def test_how_unsure_a_classifier_is(
    probabilities: tuple[float, ...], least_confidence: float, margin: float, entropy: float
) -> None:
    assert scores_of(*probabilities) == pytest.approx([least_confidence, margin, entropy])


@given(
    hnp.arrays(
        np.float64, st.tuples(st.integers(0, 9), st.integers(1, 5)), elements=st.floats(0, 1)
    )
)
def test_scores_of_any_probabilities_are_between_0_and_1(table: NDArray[np.float64]) -> None:
    for score in classification_scores(table).values():
        assert np.all((score >= 0) & (score <= 1))
        assert len(score) == len(table)


@pytest.mark.covers("R196", "R197")
def test_how_much_there_is_to_learn_from_an_image_with_boxes() -> None:
    boxes = Boxes(
        image_B=np.array([0, 0, 0, 2]),
        category_B=np.array([0, 0, 1, 1]),
        score_B=np.array([0.9, 0.6, 0.3, 0.8]),
        probability_BC=np.array([[0.9, 0.1], [0.6, 0.4], [0.5, 0.5], [0.2, 0.8]]),
    )

    scores = detection_scores(boxes, 3)

    assert tuple(scores) == DETECTION_SCORES
    # Image 0 has 1 + 0.25 of one category and 1 of the other; image 1 none; image 2 one.
    expected = [1.0, 0.9, 0.9 + 0.1 * 1 / 2.25]
    assert scores["object_frequency"] == pytest.approx(expected)
    assert scores["objectness_least_confidence"] == pytest.approx([0.4, 0.0, 0.2])
    assert scores["uncertainty_least_confidence"] == pytest.approx([1.0, 0.0, 0.4])
    assert scores["uncertainty_margin"] == pytest.approx([1.0, 0.0, 0.4])
    assert scores["uncertainty_entropy"] == pytest.approx([1.0, 0.0, 0.7219280948873623])


@pytest.mark.covers("R197")
def test_object_frequency_is_scaled_over_all_images_into_the_range_asked_for() -> None:
    image_B, category_B = np.array([0, 1, 1, 2, 2, 2]), np.zeros(6, int)
    boxes = Boxes.from_scores(image_B, category_B, np.ones(6), categories=2)

    scores = detection_scores(boxes, 3, frequency_penalty=0.5, least_score=0.2)

    assert scores["object_frequency"] == pytest.approx([0.2, 0.6, 1.0])


@pytest.mark.covers("R197")
def test_images_with_equally_many_objects_all_score_1() -> None:
    boxes = Boxes.from_scores(NO_IMAGES, NO_IMAGES, np.empty(0), categories=3)

    assert detection_scores(boxes, 2)["object_frequency"].tolist() == [1.0, 1.0]


@pytest.mark.covers("R196")
def test_what_a_score_leaves_is_shared_by_the_other_categories() -> None:
    boxes = Boxes.from_scores(np.array([0]), np.array([2]), np.array([0.7]), categories=4)

    assert boxes.probability_BC.tolist() == [pytest.approx([0.1, 0.1, 0.7, 0.1])]


@pytest.mark.covers("R196")
def test_a_box_without_score_is_as_sure_as_its_object_and_category() -> None:
    boxes = Boxes.from_probabilities(np.array([0]), np.array([[0.2, 0.8]]), np.array([0.5]))

    assert boxes.category_B.tolist() == [1]
    assert boxes.score_B.tolist() == [0.4]


@pytest.mark.covers("R196")
def test_masks_count_by_their_area() -> None:
    image_B, area_B = np.array([0, 0, 2]), np.array([3.0, 1.0, 5.0])
    probability_BC = np.array([[0.5, 0.5], [1.0, 0.0], [1.0, 0.0]])

    scores = segmentation_scores(image_B, area_B, probability_BC, 3)

    assert scores["uncertainty_margin"].tolist() == [0.75, 0.0, 0.0]


@pytest.mark.covers("R196")
def test_keypoints_count_by_instance() -> None:
    confidence_P = np.array([1.0, 0.5, 0.2])
    instance_P, image_B = np.array([0, 0, 1]), np.array([0, 0])

    scores = keypoint_scores(confidence_P, instance_P, image_B, 2)

    assert scores["mean_uncertainty"] == pytest.approx([1 - (0.75 + 0.2) / 2, 0.0])


@pytest.mark.covers("R94")
def test_objects_of_some_categories_are_counted() -> None:
    image_B, category_B = np.array([0, 0, 0, 2]), np.array([0, 1, 2, 2])
    boxes = Boxes.from_scores(image_B, category_B, np.ones(4), categories=3)

    assert category_count(boxes, 3, np.array([1, 2])).tolist() == [2.0, 0.0, 1.0]


@pytest.mark.covers("R85")
def test_the_class_distribution_of_an_image_is_the_sum_over_its_objects() -> None:
    boxes = Boxes.from_scores(np.array([0, 0]), np.array([0, 1]), np.array([0.8, 0.6]), 2)

    assert class_distribution(boxes, 2).tolist() == [pytest.approx([1.2, 0.8]), [0.0, 0.0]]


def test_a_score_in_per_cent_is_refused_in_words() -> None:
    with pytest.raises(CurationError, match="must be between 0 and 1, got 87"):
        classification_scores(np.array([[0.1, 87.0]]))
