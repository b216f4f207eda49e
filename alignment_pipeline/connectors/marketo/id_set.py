"""A set of lead ids in a bit each: millions of them take a megabyte, so that memory stays flat while all leads are read.

Belongs here: the set. Its ids are whole numbers from 0 on, mostly close together, as a subscription counts them.
"""

from __future__ import annotations

_BLOCK_BITS = 16


class IdSet:
    """Ids that were seen."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}

    def add(self, identity: int) -> bool:
        """Add an id; False when it was there before."""
        block = self._blocks.get(identity >> _BLOCK_BITS)
        if block is None:
            block = self._blocks[identity >> _BLOCK_BITS] = bytearray(1 << (_BLOCK_BITS - 3))
        place, bit = (identity & ((1 << _BLOCK_BITS) - 1)) >> 3, 1 << (identity & 7)
        if block[place] & bit:
            return False
        block[place] |= bit
        return True
