"""Why a worker or a Job failed: in the worker's own words where it left any, else in ours."""

import re
from dataclasses import dataclass

from curation_api.curation_run import LastFailure
from curation_api.problems import ExitCode, Reason
from curation_api.states import RunState, Stage
from curation_operator.planning.jobs import FailedJob, JobSeen, PodSeen
from curation_operator.planning.seen import RunSeen
from curation_operator.planning.standing import Standing, ended
from curation_operator.planning.words import quoted

# What the exit codes of the contract mean when the worker could not say it itself.
_BY_EXIT_CODE = {
    ExitCode.INVALID_CONFIG: (Reason.INVALID_CONFIG, "The worker refused its configuration."),
    ExitCode.ACCESS_DENIED: (Reason.DATASOURCE_ACCESS_DENIED, "A bucket could not be opened."),
    ExitCode.DATA_UNUSABLE: (Reason.DATA_UNUSABLE, "The data could not be used."),
    ExitCode.MODEL_MISSING: (Reason.MODEL_MISSING, "The model could not be found."),
    ExitCode.POISON_SHARD: (Reason.POISON_SHARD, "A part of the data could not be processed."),
    ExitCode.GPU_HARDWARE: (Reason.GPU_HARDWARE, "The GPU failed."),
    ExitCode.TEMPORARY: (Reason.UNREACHABLE, "Something the worker depends on was away."),
    ExitCode.CHECKPOINTED: (Reason.STOPPED, "The worker was told to stop, and saved its work."),
}

# By SIGTERM, and by SIGKILL where that did not help in time.
_TOLD_TO_GO = frozenset({ExitCode.CHECKPOINTED, 137})

_SIGNALS = {132: "SIGILL", 134: "SIGABRT", 135: "SIGBUS", 136: "SIGFPE", 137: "SIGKILL",
            139: "SIGSEGV"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with one worker."""

    reason: Reason
    message: str
    died_without_a_word: bool = False
    retryable: bool = True


def failure_of(pod: PodSeen, seen: RunSeen) -> Failure:
    """Why this Pod failed: by its exit code first, its last words second."""
    end = pod.ended
    if end is not None and end.was_out_of_memory:
        return Failure(Reason.OUT_OF_MEMORY, advice_on_memory(seen), died_without_a_word=True)
    # Why it had to go is the node's to say; the worker only knows that somebody told it to.
    if end is None or (pod.disruption and end.exit_code in _TOLD_TO_GO):
        return _taken_by_its_node(pod)
    report = end.report
    if report is not None and report.problem is not None:
        problem = report.problem
        # Whoever writes last words may garble them; the exit code is what Kubernetes saw.
        known = end.exit_code if end.exit_code in set(ExitCode) else problem.exit_code
        return Failure(
            problem.reason,
            quoted(str(problem), longest=4000),
            retryable=ExitCode(known).trying_again_can_help,
        )
    if end.exit_code in _BY_EXIT_CODE:
        reason, words = _BY_EXIT_CODE[ExitCode(end.exit_code)]
        helps = ExitCode(end.exit_code).trying_again_can_help
        return Failure(reason, _with_last_words(words, pod), retryable=helps)
    signal = _SIGNALS.get(end.exit_code)
    by = f"{signal} (exit code {end.exit_code})" if signal else f"exit code {end.exit_code}"
    message = _with_last_words(f"The worker died with {by}.", pod)
    return Failure(Reason.CRASHED, message, died_without_a_word=True)


def _taken_by_its_node(pod: PodSeen) -> Failure:
    said = quoted(pod.disruption).removesuffix(".")
    happened = (
        f"was ended by its node: {said}." if said else "was lost: its node is gone or was too full."
    )
    return Failure(Reason.CRASHED, f"Pod {pod.name} {happened}", died_without_a_word=True)


def _with_last_words(words: str, pod: PodSeen) -> str:
    said = quoted(pod.ended.message) if pod.ended else ""
    return f"{words} It said last: {said}" if said else f"{words} Its log may say more: {pod.name}."


def advice_on_memory(seen: RunSeen) -> str:
    """What to do about a worker that needs more memory than it was given."""
    memory = seen.options.memory
    batch = seen.spec.lightly_config.loader.batch_size
    return (
        f"A worker of {seen.key.name} needed more than its {memory} of memory. To fix it: raise"
        f" job.memory, which includes job.shmSize, or lower lightlyConfig.loader.batchSize"
        f" ({batch})."
    )


def last_failed_pod(pods: tuple[PodSeen, ...]) -> PodSeen | None:
    """The Pod that failed last, disruptions left aside."""
    failed = [pod for pod in pods if pod.has_failed]
    return max(failed, key=lambda pod: (_ended_at(pod), pod.name), default=None)


def _ended_at(pod: PodSeen) -> float:
    ended_at = pod.ended.at if pod.ended else None
    return (ended_at or pod.created_at).timestamp()


def last_failure(seen: RunSeen, job: JobSeen, stage: Stage) -> LastFailure | None:
    """What went wrong last, for people; the run may have recovered from it."""
    pod = last_failed_pod(seen.pods_of(job))
    if pod is None:
        return seen.status.last_failure
    failure = failure_of(pod, seen)
    return LastFailure(
        reason=failure.reason,
        message=failure.message,
        stage=stage,
        index=pod.index,
        pod=pod.name,
        node=pod.node,
        exit_code=pod.ended.exit_code if pod.ended else None,
        retryable=failure.retryable,
        time=pod.ended.at if pod.ended else None,
    )


def end_of_failed_job(seen: RunSeen, job: FailedJob, stage: Stage) -> Standing:
    """How a run ends whose Job was given up."""
    if job.reason == "DeadlineExceeded":
        return ended(
            RunState.ABORTED,
            Reason.DEADLINE_EXCEEDED,
            "Stopped by the deadline of its Job, which follows spec.activeDeadlineSeconds.",
        )
    failed = last_failed_pod(seen.pods_of(job))
    failure = failure_of(failed, seen) if failed else _by_the_words_of_the_job(job)
    state = RunState.CRASHED if failure.died_without_a_word else RunState.FAILED
    if job.failed_shards:
        return ended(state, *_too_many_shards(seen, job, failure))
    if failure.died_without_a_word and failure.reason is Reason.CRASHED:
        tries = f" Kubernetes tried {job.failures} times." if job.failures > 1 else ""
        return ended(state, Reason.BACKOFF_LIMIT_EXCEEDED, f"{failure.message}{tries}")
    return ended(state, failure.reason, f"{failure.message}{_where(stage)}")


def _where(stage: Stage) -> str:
    return "" if stage is Stage.ALL else f" (stage {stage})"


def _too_many_shards(seen: RunSeen, job: FailedJob, failure: Failure) -> tuple[Reason, str]:
    if not failure.retryable and failure.reason is not Reason.POISON_SHARD:
        return failure.reason, failure.message  # Access lost or a wrong configuration hits all.
    allowed = seen.options.max_failed_shards_percent or 0
    return (
        Reason.TOO_MANY_FAILED_SHARDS,
        f"{count_of_shards(job.failed_shards)} of {job.shards} shards failed"
        f" ({quoted(job.failed_shards, 100)}), more than job.maxFailedShardsPercent ({allowed} %)"
        f" allows. The last one: {failure.message}",
    )


def _by_the_words_of_the_job(job: FailedJob) -> Failure:
    """The Pods are gone. The Job still says the exit code of the one that was decisive."""
    found = re.search(r"exit code (\d+)", job.message)
    code = int(found[1]) if found else None
    if code in _BY_EXIT_CODE:
        reason, words = _BY_EXIT_CODE[ExitCode(code)]
        return Failure(reason, words, retryable=ExitCode(code).trying_again_can_help)
    said = quoted(job.message) or "Kubernetes gave up the Job"
    return Failure(Reason.CRASHED, f"{said}; its Pods are gone.", died_without_a_word=True)


def count_of_shards(ranges: str) -> int:
    """How many shards `1,3-5` are."""
    total = 0
    for part in filter(None, ranges.split(",")):
        first, _, last = part.partition("-")
        total += int(last or first) - int(first) + 1
    return total


def is_good_enough(seen: RunSeen, job: FailedJob) -> bool:
    """Whether the shards that failed are few enough to go on without them.

    Kubernetes calls a Job failed as soon as one of its shards is.
    """
    if job.reason != "FailedIndexes":
        return False
    allowed = seen.options.max_failed_shards_percent or 0
    return count_of_shards(job.failed_shards) <= tolerated_shards(job.shards, allowed)


def tolerated_shards(shards: int, percent: int) -> int:
    """How many of the shards may fail; a part of a shard counts as one, but never all of them."""
    return min(-(-shards * percent // 100), shards - 1)
