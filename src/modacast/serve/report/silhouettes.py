"""Flat drawings of products: a garment's silhouette in its colour and pattern."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from markupsafe import Markup

from modacast.serve.report.names import Names
from modacast.serve.report.palette import ink_on
from modacast.serve.report.svg import picture, tag

__all__ = ["SILHOUETTES", "drawing", "pattern_defs", "pattern_of", "shape_of", "silhouettes"]

_WIDTH, _HEIGHT = 120.0, 150.0
_UNKNOWN = "#cfc8bd"

_SHAPES: Mapping[str, str] = {
    "garment/dress": "dress", "garment/slip-dress": "slip-dress", "garment/sundress": "slip-dress",
    "garment/evening-gown": "gown", "garment/maxi-dress": "gown", "garment/shirt-dress": "shirt-dress",
    "garment/skirt": "skirt", "garment/pleated-skirt": "pleated-skirt", "garment/pencil-skirt": "pencil-skirt",
    "garment/mamian-skirt": "mamian-skirt", "garment/suit-skirt": "pencil-skirt",
    "garment/top": "blouse", "garment/blouse": "blouse", "garment/shirt": "shirt", "garment/t-shirt": "t-shirt",
    "garment/polo-shirt": "t-shirt", "garment/tank-top": "camisole", "garment/camisole": "camisole",
    "garment/tube-top": "camisole", "garment/halter-top": "camisole", "garment/bodysuit": "camisole",
    "garment/sweatshirt": "sweater", "garment/hoodie": "hoodie", "garment/zip-hoodie": "hoodie",
    "garment/knitwear": "sweater", "garment/sweater": "sweater", "garment/turtleneck-sweater": "turtleneck",
    "garment/cardigan": "cardigan", "garment/knit-vest": "waistcoat", "garment/waistcoat": "waistcoat",
    "garment/vest": "waistcoat", "garment/outerwear": "jacket", "garment/coat": "coat",
    "garment/trench-coat": "trench", "garment/down-jacket": "down-jacket",
    "garment/puffer-jacket": "down-jacket", "garment/long-puffer-coat": "down-jacket",
    "garment/padded-vest": "down-jacket", "garment/parka": "hoodie", "garment/windbreaker": "hoodie",
    "garment/sun-protection-jacket": "hoodie", "garment/shell-jacket": "hoodie",
    "garment/fur-coat": "coat", "garment/faux-fur-coat": "coat", "garment/teddy-coat": "coat",
    "garment/blazer": "blazer", "garment/suit": "blazer", "garment/tuxedo": "blazer",
    "garment/tweed-jacket": "jacket", "garment/cape": "coat",
    "garment/trousers": "trousers", "garment/jeans": "jeans", "garment/leggings": "leggings",
    "garment/wide-leg-trousers": "wide-trousers", "garment/wide-leg-jeans": "jeans",
    "garment/skinny-jeans": "jeans", "garment/sweatpants": "trousers", "garment/shorts": "shorts",
    "garment/jumpsuit": "jumpsuit", "garment/overalls": "jumpsuit", "garment/playsuit": "jumpsuit",
    "garment/traditional-dress": "dress", "garment/hanfu": "hanfu", "garment/qipao": "qipao",
    "garment/new-chinese-dress": "qipao", "garment/new-chinese-top": "chinese-top",
    "garment/new-chinese-jacket": "chinese-top", "garment/new-chinese-set": "chinese-top",
    "garment/changshan": "qipao", "garment/ao-dai": "qipao", "garment/manchu-robe": "qipao",
    "garment/hanbok": "hanfu", "garment/kilt": "pleated-skirt", "garment/guayabera": "shirt",
    "garment/kurta": "shirt", "garment/barong-tagalog": "shirt", "garment/vyshyvanka": "blouse",
    "garment/zhongshan-suit": "chinese-top", "garment/hakama": "pleated-skirt",
    "garment/tang-suit": "chinese-top", "garment/minguo-dress": "qipao", "garment/kimono": "hanfu",
    "garment/swimwear": "swimsuit", "garment/underwear": "camisole", "garment/sleepwear": "shirt",
    "garment/sportswear": "jacket", "garment/hosiery": "socks", "garment/socks": "socks",
    "garment/yoga-wear": "leggings", "garment/sports-bra": "camisole", "garment/co-ord-set": "blazer",
    "footwear/shoe": "flat", "footwear/sneaker": "sneaker", "footwear/boot": "boot",
    "footwear/ankle-boot": "ankle-boot", "footwear/chelsea-boot": "ankle-boot",
    "footwear/high-heel": "heel", "footwear/flat": "flat", "footwear/sandal": "sandal",
    "footwear/slipper": "sandal", "footwear/ballet-flat": "flat", "footwear/leather-shoe": "flat",
    "footwear/loafer": "flat", "footwear/mary-jane": "flat", "footwear/traditional-shoe": "flat",
    "accessory/bag": "bag", "accessory/tote-bag": "tote", "accessory/canvas-bag": "tote",
    "accessory/backpack": "tote", "accessory/hat": "hat", "accessory/baseball-cap": "cap",
    "accessory/beanie": "beanie", "accessory/scarf": "scarf", "accessory/jewellery": "necklace",
    "accessory/earrings": "earrings", "accessory/eyewear": "sunglasses", "accessory/belt": "belt",
    "accessory/gloves": "gloves", "accessory/watch": "watch",
}  # fmt: skip
"""Element id to drawing; an element that is not here is drawn as the nearest one above it."""

_PATTERNS: Mapping[str, str] = {
    "pattern/stripe": "stripe", "pattern/horizontal-stripe": "stripe", "pattern/breton-stripe": "stripe",
    "pattern/vertical-stripe": "pinstripe", "pattern/pinstripe": "pinstripe",
    "pattern/diagonal-stripe": "diagonal", "pattern/herringbone": "chevron", "pattern/chevron": "chevron",
    "pattern/check": "check", "pattern/tartan": "check", "pattern/gingham": "gingham",
    "pattern/checkerboard": "gingham", "pattern/houndstooth": "houndstooth", "pattern/argyle": "argyle",
    "pattern/polka-dot": "dot", "pattern/floral": "floral", "pattern/botanical": "floral",
    "pattern/tropical": "floral", "pattern/rose-print": "floral", "pattern/daisy-print": "floral",
    "pattern/animal-print": "leopard", "pattern/leopard-print": "leopard", "pattern/geometric": "argyle",
    "pattern/chinese-motif": "floral", "pattern/cable-knit-pattern": "chevron",
}  # fmt: skip

_CLASSES = {"i": "g-inside", "s": "g-seam", "o": "g-outline"}


@cache
def silhouettes() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Get each drawing as `(kind, path data)` pairs in a view box of 120 by 150.

    Kinds: `"b"` body, which takes colour and pattern; `"t"` trim, which takes the colour darkened; `"i"` the
    inside that shows at a neckline; `"s"` a seam; `"o"` a firm line.
    """
    read = json.loads(files(__package__).joinpath("silhouettes.json").read_text(encoding="utf-8"))
    return {name: tuple((kind, path) for kind, path in parts) for name, parts in read.items()}


SILHOUETTES: tuple[str, ...] = tuple(dict.fromkeys(_SHAPES.values()))
"""Names of the drawings."""


def shape_of(element_ids: Iterable[str], names: Names) -> str | None:
    """Get the drawing for a product, None where none of its elements is a thing to wear."""
    found: list[tuple[int, int, str]] = []
    for element_id in element_ids:
        line = names.line(element_id)
        for steps, above in enumerate(line):
            if above in _SHAPES:
                found.append((steps - len(line), steps, _SHAPES[above]))
                break
    return min(found)[2] if found else None


def pattern_of(element_ids: Iterable[str], names: Names) -> str | None:
    """Get the pattern fill for a product, None for plain cloth."""
    for element_id in element_ids:
        for above in names.line(element_id):
            if above in _PATTERNS:
                return _PATTERNS[above]
    return None


def drawing(element_ids: Iterable[str], names: Names) -> Markup:
    """Get a product's drawing, in the colour of its first colour element; a clothes hanger for the unknown."""
    ids = list(element_ids)
    colour = next((hex_ for e in ids if (hex_ := names.colour(e))), _UNKNOWN)
    ink = ink_on(colour)
    pattern = pattern_of(ids, names)
    parts = []
    for kind, path in silhouettes()[shape_of(ids, names) or "hanger"]:
        if kind in _CLASSES:
            parts.append(tag("path", class_=_CLASSES[kind], d=path))
            continue
        parts.append(tag("path", class_="g-body", d=path, fill=colour))
        if kind == "t":
            parts.append(tag("path", class_="g-trim", d=path))
        elif pattern:
            shade = "dark" if ink != "#ffffff" else "light"
            parts.append(tag("path", d=path, fill=f"url(#p-{pattern}-{shade})"))
    return picture(
        parts, width=_WIDTH, height=_HEIGHT, class_="garment on-dark" if ink == "#ffffff" else "garment"
    )


def pattern_defs() -> Markup:
    """Get the pattern fills, which the page holds once: each in dark ink and in light."""
    drawn = json.loads(files(__package__).joinpath("patterns.json").read_text(encoding="utf-8"))
    fills = [
        tag("pattern", Markup(body.replace("INK", ink)), id=f"p-{name}-{shade}",  # noqa: S704 - shipped data
            width=size[0], height=size[1], patternUnits="userSpaceOnUse")
        for name, (size, body) in drawn.items()
        for shade, ink in (("dark", "#1a1714"), ("light", "#ffffff"))
    ]  # fmt: skip
    return tag(
        "svg", tag("defs", Markup("").join(fills)), class_="defs", width="0", height="0", aria_hidden="true"
    )
