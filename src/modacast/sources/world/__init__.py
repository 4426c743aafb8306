"""The seeded sample world: self-written posts, products and shoppers whose trends and tastes are known."""

from __future__ import annotations

from modacast.sources.world.sample import Truth, World, WorldSource

__all__ = ["Truth", "World", "WorldSource"]
