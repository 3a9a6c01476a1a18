"""The tags of a dataset: named sets of samples, one small file each in the LIGHTLY bucket."""

import hashlib
import json
import re
import time
from collections.abc import Iterable
from typing import Any

from curation_api.bit_masks import mask_of, numbers_in
from curation_api.names import INITIAL_TAG, TAGS
from curation_api.problems import CurationError, Reason
from curation_client.bucket.bit_masks import combined
from curation_client.bucket.samples import samples_in
from curation_client.cluster.objects import id_of
from curation_client.models import Creator, TagArithmeticsOperation, TagData
from curation_storage import NotFoundError, Writable

_NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9 .:;=@_-]{2,}$")


class TagDoesNotExistError(CurationError, ValueError):
    """There is no such tag."""

    reason = Reason.NOT_FOUND


class TagError(CurationError, RuntimeError):
    """A tag that cannot be made, renamed or removed."""

    reason = Reason.CONFLICT


class Tags:
    """The tags in one LIGHTLY bucket."""

    def __init__(self, bucket: Writable, dataset_id: str, user: str) -> None:
        self._bucket, self._dataset_id, self._user = bucket, dataset_id, user

    def all(self) -> list[TagData]:
        """Every tag, the newest first; the first one ever is last."""
        names = [listed.name for listed in self._bucket.list(f"{TAGS}/")]
        tags = []
        for name, content in self._bucket.read_many(names):
            if isinstance(content, NotFoundError):
                continue  # removed in between
            if isinstance(content, Exception):
                raise content
            if name.endswith(".json"):
                tags.append(self._tag(json.loads(content)))
        return sorted(tags, key=lambda tag: (tag.name == INITIAL_TAG, -tag.created_at, tag.id))

    def by_id(self, id_: str) -> TagData | None:
        """The tag of this id; None when there is none."""
        return next((tag for tag in self.all() if tag.id == id_), None)

    def by_name(self, name: str) -> TagData:
        """The tag of this name."""
        tags = self.all()
        found = next((tag for tag in tags if tag.name == name), None)
        if found is None:
            known = ", ".join(repr(tag.name) for tag in tags[:10]) or "none"
            raise TagDoesNotExistError(
                f"There is no tag {name!r} in {self._bucket.location}; there is {known}",
                fix="Check the name; a run makes a tag when it completes",
            )
        return found

    def create(
        self,
        name: str,
        mask: str,
        *,
        parent: str | None,
        tot_size: int,
        changes: dict[str, Any] | None = None,
    ) -> TagData:
        """Make a tag; `TagError` when the name is taken, also when somebody else is faster."""
        existing = self.all()
        _check_name(name, existing)
        now = int(time.time() * 1000)
        tag = TagData(
            # By its name, so that the bucket lets only one of two succeed.
            id=hashlib.sha256(name.encode()).hexdigest()[:24],
            dataset_id=self._dataset_id,
            name=name,
            bit_mask_data=mask,
            tot_size=tot_size,
            created_at=now,
            last_modified_at=now,
            prev_tag_id=parent,
            changes=[self._change(now, changes)] if changes else [],
        )
        content = json.dumps(tag.to_dict(by_alias=True)).encode()
        if not self._bucket.write_if_absent(_key(tag), content):
            raise _taken(name)
        return tag

    def create_from_filenames(
        self, filenames: Iterable[str], name: str, parent_id: str | None
    ) -> TagData:
        """Make a tag of these samples, below `initial-tag` where no parent is given."""
        tags = self.all()
        if not tags:
            raise TagError(
                f"There is no tag in {self._bucket.location} yet",
                fix="Wait for the first run to complete; it makes initial-tag",
            )
        _check_name(name, tags)
        wanted = list(dict.fromkeys(filenames))
        number_of = {sample.name: sample.number for sample in samples_in(self._bucket)}
        if unknown := [filename for filename in wanted if filename not in number_of]:
            example = next(iter(number_of), "")
            raise TagError(
                f"{len(unknown)} of {len(wanted)} filenames are not in the dataset, for example"
                f" {unknown[0]!r}; it has {len(number_of)} samples, for example {example!r}",
                fix="Use names as get_filenames() returns them",
            )
        initial = next((tag.id for tag in tags if tag.name == INITIAL_TAG), None)
        return self.create(
            name,
            mask_of(number_of[filename] for filename in wanted),
            parent=parent_id or initial,
            tot_size=len(number_of),
            changes={"samples": {"method": "selected", "count": len(wanted)}},
        )

    def combine(
        self, first: TagData, second: TagData, operation: TagArithmeticsOperation, name: str
    ) -> TagData:
        """Make a tag of what two tags make; the first one is its parent."""
        said = {"operation": str(operation), "tag1": first.id, "tag2": second.id}
        return self.create(
            name,
            combined(operation, first.bit_mask_data, second.bit_mask_data),
            parent=first.id,
            tot_size=max(first.tot_size, second.tot_size),
            changes={"arithmetics": said},
        )

    def rename(self, tag: TagData, name: str) -> TagData:
        """The same tag by another name."""
        _check_name(name, self.all())
        said = {"rename": {"from": tag.name, "to": name}}
        return self._rewrite(tag, {"name": name}, said)

    def upsize(self, name: str) -> TagData | None:
        """Let every tag know all samples of today.

        Those that were in none of the root get a tag of their own, and the root grows by them;
        nothing else changes its members. None when there are no such samples.
        """
        root, size = self.by_name(INITIAL_TAG), len(samples_in(self._bucket))
        everything = mask_of(range(size))
        new = combined(TagArithmeticsOperation.DIFFERENCE, everything, root.bit_mask_data)
        added = None
        if next(numbers_in(new), None) is not None:
            added = self.create(name, new, parent=root.id, tot_size=size)
        for tag in self.all():
            said = {"upsize": {"from": tag.tot_size, "to": size}}
            grown = {"bitMaskData": everything} if tag.name == INITIAL_TAG else {}
            if tag.tot_size != size or grown.get("bitMaskData", tag.bit_mask_data) != (
                tag.bit_mask_data
            ):
                self._rewrite(tag, {"totSize": size, **grown}, said)
        return added

    def delete(self, tag: TagData) -> None:
        """Remove a tag; `TagError` when others descend from it."""
        children = [other.name for other in self.all() if other.prev_tag_id == tag.id]
        if children:
            raise TagError(
                f"Tag {tag.name!r} cannot be removed: {', '.join(map(repr, children[:10]))}"
                " descends from it",
                fix="Remove those first",
            )
        self._bucket.delete(_key(tag))

    def _rewrite(self, tag: TagData, changed: dict[str, Any], said: dict[str, Any]) -> TagData:
        now = int(time.time() * 1000)
        stored = json.loads(self._bucket.read(_key(tag)))
        history = [*stored.get("changes", []), self._change(now, said)]
        content = {**stored, **changed, "changes": history, "lastModifiedAt": now}
        self._bucket.write(_key(tag), json.dumps(content).encode())
        return self._tag(content)

    def _change(self, now: int, changes: dict[str, Any]) -> dict[str, Any]:
        return {"userId": self._user, "creator": Creator.USER_PIP, "ts": now, "changes": changes}

    def _tag(self, stored: dict[str, Any]) -> TagData:
        run_id = stored.get("runId")
        return TagData(
            id=stored["id"],
            dataset_id=self._dataset_id,
            name=stored["name"],
            bit_mask_data=stored["bitMaskData"],
            tot_size=stored["totSize"],
            created_at=stored["createdAt"],
            prev_tag_id=stored.get("prevTagId"),
            query_tag_id=stored.get("queryTagId"),
            preselected_tag_id=stored.get("preselectedTagId"),
            last_modified_at=stored.get("lastModifiedAt", stored["createdAt"]),
            changes=stored.get("changes", []),
            run_id=None if run_id is None else id_of(run_id),
        )


def _key(tag: TagData) -> str:
    return f"{TAGS}/{tag.id}.json"


def _check_name(name: str, existing: Iterable[TagData]) -> None:
    if not _NAME.fullmatch(name):
        raise TagError(
            f"{name!r} cannot be the name of a tag",
            fix="Use at least three letters, digits, spaces and . : ; = @ _ -, with a letter or"
            " digit first",
        )
    if any(tag.name == name for tag in existing):
        raise _taken(name)


def _taken(name: str) -> TagError:
    return TagError(f"There is a tag {name!r} already", fix="Choose another name")
