"""Sets of samples as the documented hexadecimal numbers: bit k, from the right, is sample k."""

from collections.abc import Iterable, Iterator


def mask_of(numbers: Iterable[int]) -> str:
    """The mask of these samples."""
    bits = bytearray()
    for number in numbers:
        byte, bit = divmod(number, 8)
        if byte >= len(bits):
            bits.extend(bytes(byte + 1 - len(bits)))
        bits[byte] |= 1 << bit
    return hex(int.from_bytes(bits, "little"))


def numbers_in(mask: str) -> Iterator[int]:
    """The samples of a mask, in ascending order."""
    value = int(mask, 16)
    content = value.to_bytes((value.bit_length() + 7) // 8, "little")
    for place, byte in enumerate(content):
        for bit in range(8):
            if byte >> bit & 1:
                yield 8 * place + bit


def size_of(mask: str) -> int:
    """How many samples a mask holds."""
    return int(mask, 16).bit_count()
