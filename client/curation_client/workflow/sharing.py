"""With whom a dataset is shared: a list of e-mail addresses in its Datasource."""

from collections.abc import Sequence

from curation_api.problems import InvalidConfigurationError
from curation_client.workflow.current import Current


class Sharing:
    """The guests of datasets."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def set(self, dataset_id: str, emails: Sequence[str]) -> None:
        """Share with exactly these; with nobody where the list is empty."""
        if wrong := [email for email in emails if email.count("@") != 1 or " " in email]:
            raise InvalidConfigurationError(
                f"{wrong[0]!r} is no e-mail address", fix="Pass addresses as ana@example.com"
            )
        datasource = self._current.datasources.get_by_id(dataset_id)
        patch = {"spec": {"sharedWith": list(dict.fromkeys(emails))}}
        self._current.datasources.change(datasource.name, patch)

    def get(self, dataset_id: str) -> list[str]:
        """With whom it is shared."""
        return list(self._current.datasources.get_by_id(dataset_id).spec.shared_with or [])
