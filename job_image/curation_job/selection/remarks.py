"""What a user should know about a selection that went as asked, but perhaps not as meant."""

# C candidates.

from collections.abc import Iterator

from curation_job.selection.ground import Ground
from curation_job.selection.points import Rows, count_rows
from curation_job.selection.problem import Diversity, Objective, Similarity, Typicality
from curation_job.selection.stops import Stop


def remarks_on(ground: Ground, picks: Rows, stop: Stop) -> tuple[str, ...]:
    """Sentences, none if there is nothing to remark."""
    return (
        *_about_the_number(ground, len(picks), stop),
        *_about_embeddings(ground),
        *(text for rule in ground.problem.objectives for text in _about(rule, ground)),
    )


def _about_the_number(ground: Ground, picked: int, stop: Stop) -> Iterator[str]:
    asked = ground.problem.count
    if picked == asked:
        return
    found = f"Selected {picked:,} of the {asked:,} samples asked for"
    match stop:
        case Stop.EVERYTHING:
            yield f"{found}: there are no more candidates."
        case Stop.MINIMUM_DISTANCE:
            yield f"{found}: everything else is too near to a selected sample."
        case Stop.MAX_SUM:
            yield f"{found}: the next one would have made a sum of values too large."


def _about_embeddings(ground: Ground) -> Iterator[str]:
    rules = [rule for rule in ground.problem.objectives if _compares_embeddings(rule)]
    candidates_C = ground.candidates_C
    if ground.source is None or not rules or len(candidates_C) < 2:
        return
    first = ground.source.read(candidates_C[:1])[0]
    if not ground.source.squared_to(first, candidates_C).any():
        names = " and ".join(rule.name for rule in rules)
        yield (
            f"All {len(candidates_C):,} candidates have the same embedding:"
            f" {names} cannot tell them apart, their names decide."
        )


def _compares_embeddings(rule: Objective) -> bool:
    if isinstance(rule, Diversity):
        return rule.objects is None
    return isinstance(rule, Similarity | Typicality)


def _about(rule: Objective, ground: Ground) -> Iterator[str]:
    if rule.strength < 0:
        yield f"{rule.name} has a negative strength: it prefers the opposite."
    if rule.strength == 0:
        yield f"{rule.name} has a strength of 0: it has no influence on the order."
    match rule:
        case Diversity(objects=objects) if objects and not count_rows(objects.embeddings):
            yield f"{rule.name} finds no object on any sample: it has no influence."
        case Typicality() if rule.neighbours >= len(ground.candidates_C) > 0:
            yield (
                f"{rule.name} looks for {rule.neighbours} neighbours"
                f" among {len(ground.candidates_C):,} candidates: it uses all others."
            )
