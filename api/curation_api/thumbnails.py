"""Where thumbnails lie: workers write them, workers and the client read them."""


def thumbnail_key(suffix: str, name: str) -> str:
    """Where the thumbnail of a sample lies, by the suffix of the Datasource."""
    stem, dot, extension = name.rpartition(".")
    if not dot or "/" in extension:
        stem, extension = name, ""
    return suffix.replace("[filename]", stem).replace("[extension]", extension)
