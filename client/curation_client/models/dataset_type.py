from enum import StrEnum


class DatasetType(StrEnum):
    """What a sample of a dataset is."""

    IMAGES = "Images"
    VIDEOS = "Videos"
    CROPS = "Crops"
