"""Lists of relevant filenames: what their lines mean, and what finding the files costs."""

import logging
import subprocess
import tracemalloc
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curation_api.problems import InvalidConfigurationError
from curation_storage import Listed, NotFoundError
from curation_storage.relevant import parse_relevant_filenames, read_relevant_filenames
from curation_storage.relevant_listing import list_relevant
from tests.curation_storage.places import FakePlace

SEED_BUCKET = (
    "image_1.png",
    "image_2.png",
    "subdir/image_2.png",
    "subdir/image_3.png",
    "subdir/image_40.png",
    "subdir/image_41.png",
    "subdir/image_42.png",
    "subdirectory.png",
)
SEED_LIST = """\
image_1.png
subdir/* subdir/image_4* !subdir/image_41.png !subdir/image_42.png
"""


def selected(lines: str, names: tuple[str, ...] = SEED_BUCKET) -> list[str]:
    relevant = parse_relevant_filenames(lines, where="the list")
    return [file.name for file in list_relevant(FakePlace(names), relevant)]


def remarks(lines: str) -> tuple[str, ...]:
    return parse_relevant_filenames(lines, where="the list").remarks


@pytest.mark.covers("R123", "C29")
def test_the_documented_example_selects_exactly_its_five_files() -> None:
    assert selected(SEED_LIST) == [
        "image_1.png",
        "subdir/image_2.png",
        "subdir/image_3.png",
        "subdir/image_41.png",
        "subdir/image_42.png",
    ]


@pytest.mark.covers("R120")
def test_plain_lines_select_exactly_these_files() -> None:
    assert selected("image_1.png\nsubdir/image_2.png\n") == ["image_1.png", "subdir/image_2.png"]


@pytest.mark.covers("R121")
def test_a_folder_with_a_star_selects_all_below_it() -> None:
    names = ("sub/a.png", "sub/deep/er/b.png", "sub2/c.png")

    assert selected("sub/*", names) == ["sub/a.png", "sub/deep/er/b.png"]


@pytest.mark.covers("R122")
@pytest.mark.parametrize("line", ["su*b/x", "su*", "su**/*.png"])
def test_the_prefix_ends_at_the_first_star(line: str) -> None:
    assert selected(line, ("a.png", "sub/x", "sum.png")) == ["sub/x", "sum.png"]


@pytest.mark.covers("R124")
def test_videos_are_named_like_any_other_file() -> None:
    assert selected("day/* *_night.mp4", ("day/1.mp4", "day/1_night.mp4")) == ["day/1.mp4"]


def test_an_exclusion_on_one_line_does_not_remove_what_another_line_names() -> None:
    lines = "subdir/* subdir/image_4*\nsubdir/image_40.png\nsubdir/image_41*\n"

    assert selected(lines) == [
        "subdir/image_2.png",
        "subdir/image_3.png",
        "subdir/image_40.png",
        "subdir/image_41.png",
    ]


def test_blank_lines_carriage_returns_and_a_byte_order_mark_mean_nothing() -> None:
    place = FakePlace(
        ("image_1.png",), {".lightly/list.txt": b"\xef\xbb\xbf\r\n\nimage_1.png\r\n  \n"}
    )

    assert read_relevant_filenames(place, ".lightly/list.txt").names == {"image_1.png"}


def test_names_may_hold_spaces_and_number_signs() -> None:
    names = ("# 1.png", "a b/c d.png", "a b/e.png")

    assert selected("# 1.png\na b/c d.png", names) == ["# 1.png", "a b/c d.png"]
    assert selected("a b/* e.png", names) == ["a b/c d.png"]


def test_capital_letters_matter() -> None:
    assert selected("SUBDIR/*\nsubdir/* subdir/IMAGE_*") == [
        name for name in SEED_BUCKET if name.startswith("subdir/")
    ]


@pytest.mark.covers("R125", "C30")
@pytest.mark.parametrize("line", ["./a.png", "../a.png", "a/../b.png", "./*", "a/./b*", ".."])
def test_dot_parts_are_passed_over_with_a_remark(line: str) -> None:
    assert selected(line) == []
    assert "'.' and '..'" in remarks(line)[0]


@pytest.mark.covers("R126", "C30")
def test_absolute_names_and_repetitions_are_passed_over_with_a_remark() -> None:
    lines = "/image_1.png\nimage_1.png\nimage_1.png\n/*\nsubdir/\n"

    assert selected(lines) == ["image_1.png"]
    assert [remark.split(" is passed")[0] for remark in remarks(lines)] == [
        "line 1",
        "line 3",
        "line 4",
        "line 5",
    ]


def test_hidden_files_are_no_dot_parts() -> None:
    assert selected(".*\n..*", (".hidden.png", "..data/a.png")) == ["..data/a.png", ".hidden.png"]


def test_what_we_derived_ourselves_is_no_raw_file() -> None:
    assert selected(".lightly/thumbnails/*\n.lightly/a.png") == []


def test_files_that_are_named_but_not_there_are_listed_so_that_they_are_reported() -> None:
    relevant = parse_relevant_filenames("nope.png\nsubdir/nope.png\nsubdir/*", where="the list")

    files = list(list_relevant(FakePlace(SEED_BUCKET), relevant))

    assert {file for file in files if file.version == ""} == {
        Listed("nope.png", size=0, version=""),
        Listed("subdir/nope.png", size=0, version=""),
    }


@pytest.mark.covers("R127", "C28")
@pytest.mark.parametrize("path", ["list.txt", ".lightly/../list.txt", "/.lightly/list.txt"])
def test_a_list_outside_of_our_folder_is_refused(path: str) -> None:
    with pytest.raises(InvalidConfigurationError, match="does not lie below"):
        read_relevant_filenames(FakePlace(()), path)


@pytest.mark.covers("R128", "C27")
def test_a_missing_list_is_an_error_and_not_an_empty_selection() -> None:
    with pytest.raises(InvalidConfigurationError, match=r"fake://place/\.lightly/list\.txt is not"):
        read_relevant_filenames(FakePlace(()), ".lightly/list.txt")


def test_a_list_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidConfigurationError, match="not UTF-8 from byte 1 on"):
        read_relevant_filenames(FakePlace((), {".lightly/list": b"a\xff\xfe"}), ".lightly/list")


def test_a_pattern_that_means_nothing_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidConfigurationError, match="Line 2 of the list has a pattern"):
        parse_relevant_filenames("b.png\nsub/* a\\\n", where="the list")


def test_the_log_says_which_lines_were_passed_over_but_not_without_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    place = FakePlace((), {".lightly/list": b"/a\n" * 50})

    with caplog.at_level(logging.WARNING):
        read_relevant_filenames(place, ".lightly/list")

    assert len(caplog.messages) == 21
    assert "line 1 is passed over" in caplog.messages[0]
    assert caplog.messages[-1].endswith("30 more lines were passed over")


# Names and patterns of few letters, so that they meet. Left out is what git reads by the byte
# (non-ASCII letters beside a `?`), and what no one writes (more stars in a row, `!#`).
_LETTERS = "abc"
_part = st.text(f"{_LETTERS}.-", min_size=1, max_size=3).filter(lambda part: set(part) != {"."})
_names = st.lists(_part, min_size=1, max_size=4).map("/".join)
_pattern_part = st.lists(
    st.sampled_from([*_LETTERS, "a", "*", "?", "[ab]", "[!a]", "[a-b]", ".", "-"]),
    min_size=1,
    max_size=3,
).map("".join)
_patterns = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "!"]),
        st.sampled_from(["", "", "/"]),
        st.lists(_pattern_part | st.just("**"), min_size=1, max_size=3).map("/".join),
        st.sampled_from(["", "", "/"]),
    ),
).filter(lambda pattern: "**/**" not in pattern and "***" not in pattern)


@pytest.fixture(scope="module")
def git_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("git")
    subprocess.run(["git", "init", "-q", folder], check=True, capture_output=True)
    return folder


def ignored_by_git(folder: Path, patterns: list[str], names: set[str]) -> set[str]:
    (folder / ".gitignore").write_text("\n".join(patterns) + "\n")
    asked = subprocess.run(
        ["git", "-c", "core.ignorecase=false", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=folder,
        input="\0".join(sorted(names)),
        capture_output=True,
        text=True,
        check=False,
    )
    return set(asked.stdout.split("\0")) - {""}


@given(st.lists(_patterns, min_size=1, max_size=4), st.sets(_names, min_size=1, max_size=20))
@example(["a/", "!a/b"], {"a/b", "a"})
@example(["[!a]"], {"a/b", "b", "-/-"})
@example(["/*", "!/a", "/a/*", "!/a/b"], {"a/b", "a/c", "c"})
@example(["a/**/"], {"a/a", "a/b/c", "a/b/c/d", "b/a/c"})
@example(["*", "!a/**/", "!/**/"], {"a/a", "a/b/c", "c"})
def test_patterns_leave_out_what_git_would_ignore(
    git_folder: Path, patterns: list[str], names: set[str]
) -> None:
    kept = set(selected(f"* {' '.join(patterns)}", tuple(sorted(names))))

    assert names - kept == ignored_by_git(git_folder, patterns, names)


@given(
    st.sets(_names, max_size=30),
    st.lists(st.tuples(st.text("ab/", max_size=3), st.sampled_from(["", "*", "* a*"])), max_size=6),
)
def test_each_file_is_listed_once_whatever_lines_overlap(
    names: set[str], lines: list[tuple[str, str]]
) -> None:
    listed = selected("\n".join(start + end for start, end in lines), tuple(sorted(names)))

    assert len(listed) == len(set(listed))


class Numbers(Sequence[str]):
    """Names that are made when they are asked for: 100 in each of a thousand folders."""

    def __len__(self) -> int:
        return 100_000

    def __getitem__(self, number: Any) -> Any:
        return f"{number // 100:03}/{number % 100:02}.jpg"


class HugePlace(FakePlace):
    """More files than should ever be in memory."""

    def list(self, prefix: str = "") -> Iterator[Listed]:
        for number in range(bisect_left(Numbers(), prefix), len(Numbers())):
            name = Numbers()[number]
            if not name.startswith(prefix):
                return
            yield Listed(name, 1, "v")


def test_ten_thousand_lines_over_a_hundred_thousand_files_take_little_memory() -> None:
    lines = [f"{number // 10:03}/{number % 10}* *{number % 7}.jpg" for number in range(9_000)]
    lines += [f"{number:03}/0{number % 10}.jpg" for number in range(1_000)]
    relevant = parse_relevant_filenames("\n".join(["0* 00*", *lines]), where="the list")
    tracemalloc.start()

    count = sum(1 for _ in list_relevant(HugePlace(()), relevant))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count > 50_000
    assert peak < 20 * 2**20


def test_only_what_lies_below_a_prefix_is_listed() -> None:
    place = FakePlace(SEED_BUCKET)
    relevant = parse_relevant_filenames("subdir/image_4*\nsubdir/image_41*\n", where="the list")

    list(list_relevant(place, relevant))

    assert place.listings == ["subdir/image_4"]


def test_few_names_in_a_huge_folder_are_asked_for_one_by_one() -> None:
    place = FakePlace(tuple(f"f/{number:05}" for number in range(20_000)))
    relevant = parse_relevant_filenames("f/00001\nf/19999\nf/nope\n", where="the list")

    files = list(list_relevant(place, relevant))

    assert [(file.name, file.version) for file in files] == [
        ("f/00001", "v"),
        ("f/19999", "v"),
        ("f/nope", ""),
    ]
    assert place.files_shown < 2_000


def test_a_missing_list_says_what_to_do() -> None:
    with pytest.raises(NotFoundError):
        FakePlace(()).read("nope")
