"""A shop's own attributes: learned from products that have them, filled in for products that lack them."""

from __future__ import annotations

from modacast.elements.attributes.model import AttributeModel, AttributeReport, Filled
from modacast.elements.attributes.tagging import AttributeTagger

__all__ = ["AttributeModel", "AttributeReport", "AttributeTagger", "Filled"]
