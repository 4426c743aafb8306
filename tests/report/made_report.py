"""A made report: a small season with a story in it, written out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa

from modacast.evaluate import Interval
from modacast.pipeline.models import ModelRecord
from modacast.pipeline.progress import StageRow
from modacast.serve.report.data import (
    FeedbackSummary,
    MetricChange,
    Pick,
    ReportData,
    ShopperPage,
    TruthCheck,
    WeightChange,
)
from modacast.types import DOCUMENTS, FORECASTS, PANEL, SERIES, TRENDS, Element, Item

WEEKS, AHEAD = 157, 26
LAST = date(2024, 11, 25)
MADE_AT = datetime(2025, 1, 2, 8, tzinfo=UTC)

# id, zh, en, hex, parent
_ELEMENTS = [
    ("style/new-chinese", "新中式", "New Chinese style", "", ""),
    ("style/maillard", "美拉德", "Maillard", "", ""),
    ("style/dopamine", "多巴胺穿搭", "Dopamine dressing", "", ""),
    ("style/minimalist", "极简风", "Minimalist", "", ""),
    ("style/gorpcore", "山系穿搭", "Gorpcore", "", ""),
    ("garment/traditional-dress", "传统服饰", "traditional dress", "", ""),
    ("garment/mamian-skirt", "马面裙", "mamian skirt", "", "garment/traditional-dress"),
    ("garment/qipao", "旗袍", "qipao", "", "garment/traditional-dress"),
    ("garment/new-chinese-top", "新中式上衣", "new Chinese top", "", "garment/traditional-dress"),
    ("garment/outerwear", "外套", "outerwear", "", ""),
    ("garment/down-jacket", "羽绒服", "down jacket", "", "garment/outerwear"),
    ("garment/trench-coat", "风衣", "trench coat", "", "garment/outerwear"),
    ("garment/blazer", "西装外套", "blazer", "", "garment/outerwear"),
    ("garment/coat", "大衣", "coat", "", "garment/outerwear"),
    ("garment/sun-protection-jacket", "防晒衣", "sun-protection jacket", "", "garment/outerwear"),
    ("garment/dress", "连衣裙", "dress", "", ""),
    ("garment/slip-dress", "吊带裙", "slip dress", "", "garment/dress"),
    ("garment/shirt", "衬衫", "shirt", "", ""),
    ("garment/sweater", "毛衣", "sweater", "", ""),
    ("garment/t-shirt", "T恤", "T-shirt", "", ""),
    ("garment/jeans", "牛仔裤", "jeans", "", ""),
    ("garment/skinny-jeans", "紧身牛仔裤", "skinny jeans", "", "garment/jeans"),
    ("garment/wide-leg-trousers", "阔腿裤", "wide-leg trousers", "", ""),
    ("garment/pleated-skirt", "百褶裙", "pleated skirt", "", ""),
    ("footwear/sneaker", "运动鞋", "sneaker", "", ""),
    ("footwear/mary-jane", "玛丽珍鞋", "Mary Janes", "", ""),
    ("footwear/ankle-boot", "短靴", "ankle boot", "", ""),
    ("accessory/bag", "包", "bag", "", ""),
    ("accessory/scarf", "围巾", "scarf", "", ""),
    ("accessory/baseball-cap", "棒球帽", "baseball cap", "", ""),
    ("color/cinnabar", "朱砂红", "cinnabar", "#b5342b", ""),
    ("color/ink-green", "墨绿色", "ink green", "#1f4a3d", ""),
    ("color/moon-white", "月白色", "moon white", "#d6ecf0", ""),
    ("color/butter", "黄油黄", "butter yellow", "#f4dc92", ""),
    ("color/caramel", "焦糖色", "caramel", "#a5672f", ""),
    ("color/chocolate", "巧克力色", "chocolate", "#4a2c20", ""),
    ("color/black", "黑色", "black", "#1a1a1a", ""),
    ("color/off-white", "米白色", "off-white", "#f5f0e6", ""),
    ("color/denim-blue", "牛仔蓝", "denim blue", "#4f6d94", ""),
    ("color/barbie-pink", "芭比粉", "Barbie pink", "#e4588f", ""),
    ("color/klein-blue", "克莱因蓝", "Klein blue", "#1435a6", ""),
    ("color/sage", "鼠尾草绿", "sage", "#9dab8b", ""),
    ("pattern/stripe", "条纹", "stripes", "", ""),
    ("pattern/check", "格纹", "check", "", ""),
    ("pattern/floral", "碎花", "floral", "", ""),
    ("pattern/polka-dot", "波点", "polka dots", "", ""),
    ("fabric/brocade", "织锦缎", "brocade", "", ""),
    ("fabric/linen", "亚麻", "linen", "", ""),
    ("detail/knot-button", "盘扣", "knot buttons", "", ""),
    ("value/sustainable", "可持续", "sustainable", "", ""),
]
ELEMENTS = {
    i: Element(i, i.split("/")[0], {"zh": (zh,), "en": (en,)}, parent=parent or None,  # type: ignore[arg-type]
               attributes={"hex": hex_} if hex_ else {})
    for i, zh, en, hex_, parent in _ELEMENTS
}  # fmt: skip
STAGE_OF = {
    "style/new-chinese": "rising", "garment/mamian-skirt": "rising", "garment/new-chinese-top": "emerging",
    "detail/knot-button": "rising", "fabric/brocade": "emerging", "color/cinnabar": "rising",
    "color/butter": "emerging", "color/moon-white": "rising", "style/maillard": "peaking",
    "color/caramel": "peaking", "style/dopamine": "declining", "color/barbie-pink": "declining",
    "garment/skinny-jeans": "declining", "color/klein-blue": "declining", "garment/down-jacket": "seasonal",
    "garment/sun-protection-jacket": "seasonal", "garment/slip-dress": "seasonal", "garment/coat": "seasonal",
    "accessory/scarf": "seasonal", "fabric/linen": "seasonal", "footwear/mary-jane": "rising",
    "style/gorpcore": "peaking", "garment/sweater": "seasonal",
}  # fmt: skip
_TEXTS = [
    "今天穿了一身新中式出门，盘扣上衣配马面裙，走在胡同里回头率太高了，奶奶说像她年轻的时候。",
    "Wore my new Chinese style jacket to the office with plain trousers. Three people asked where it was from.",
    "马面裙真的显瘦又显高，配衬衫上班也不夸张，已经入了第三条，这次是墨绿色织锦的。",
    "早春通勤就靠这件朱砂红小外套，提气色，搭牛仔裤刚刚好，不会太隆重。",
    "The knot buttons are beautiful but they come undone when you sit down. Sending it back.",
]


def _curve(stage: str, rng: np.random.Generator, level: float) -> np.ndarray:
    t = np.arange(WEEKS + AHEAD)
    season = np.cos(2 * np.pi * (t - 2) / 52)
    shape = {
        "emerging": 0.06 + 1 / (1 + np.exp(-(t - 140) / 9)),
        "rising": 0.35 + 1.1 / (1 + np.exp(-(t - 118) / 14)),
        "peaking": 0.3 + 1.4 * np.exp(-(((t - 146) / 16) ** 2)),
        "declining": 0.35 + 1.2 / (1 + np.exp((t - 110) / 12)),
        "seasonal": 0.25 + 0.9 * np.clip(season, 0, None) ** 1.5,
        "steady": 1.0 + 0.08 * season,
    }[stage]
    return level * shape * np.exp(rng.normal(0, 0.11, t.size))


def _series(unique_id: str, curve: np.ndarray, rng: np.random.Generator) -> tuple[list[dict], list[dict]]:
    days = [LAST - timedelta(weeks=WEEKS - 1 - i) for i in range(WEEKS + AHEAD)]
    past = [
        {
            "unique_id": unique_id,
            "ds": d,
            "y": None if i == 40 else float(y),
            "n_mentions": int(y * 4000),
            "n_documents": 4000,
        }
        for i, (d, y) in enumerate(zip(days[:WEEKS], curve[:WEEKS], strict=True))
    ]
    smooth = np.convolve(np.pad(curve, 6, mode="edge"), np.ones(13) / 13, mode="valid")
    ahead = []
    for i, (d, y) in enumerate(zip(days[WEEKS:], smooth[WEEKS:], strict=True)):
        wide = y * (0.08 + 0.011 * i)
        ahead.append({
            "unique_id": unique_id, "ds": d, "y_hat": y, "lo_80": max(0.0, y - wide), "hi_80": y + wide,
            "lo_90": max(0.0, y - 1.5 * wide), "hi_90": y + 1.6 * wide, "model": "ensemble", "made_at": MADE_AT,
        })  # fmt: skip
    return past, ahead


@cache
def made_report(lang: str = "zh", *, extra: int = 0) -> ReportData:
    """Get the whole report; `extra` more steady elements make the board long."""
    rng = np.random.default_rng(4)
    series, forecasts, trends = [], [], []
    ids = [*ELEMENTS, *(f"detail/made-{n}" for n in range(extra))]
    for n, element_id in enumerate(ids):
        stage = STAGE_OF.get(element_id, "steady")
        level = float(rng.uniform(0.0006, 0.012))
        segments = (
            ["all"]
            if n >= len(ELEMENTS)
            else ["all", "lang=zh", "lang=en", "source=weibo", "source=blogs", "source=reddit"]
        )
        for segment in segments:
            curve = _curve(stage, rng, level * (1.0 if segment == "all" else float(rng.uniform(0.4, 1.5))))
            past, ahead = _series(f"{element_id}|{segment}", curve, rng)
            series += past
            if segment == "all":
                forecasts += ahead
            trends.append(_trend(element_id, segment, stage, curve, rng))
    documents = [
        {"id": f"d{i}", "text": text, "lang": "en" if text[0].isascii() else "zh", "source": ("weibo", "reddit")[text[0].isascii()],
         "url": f"https://example.org/post/{i}", "published_at": datetime(2024, 11, 3 + i, tzinfo=UTC), "author_key": None,
         "region": None, "engagement": None, "relevance": 0.9, "tokens": []}
        for i, text in enumerate(_TEXTS)
    ]  # fmt: skip
    return ReportData(
        title="2025 早春" if lang == "zh" else "Early spring 2025",
        made_at=MADE_AT,
        lang=lang,  # type: ignore[arg-type]
        trends=pa.Table.from_pylist(trends, schema=TRENDS),
        series=pa.Table.from_pylist(series, schema=SERIES),
        forecasts=pa.Table.from_pylist(forecasts, schema=FORECASTS),
        documents=pa.Table.from_pylist(documents, schema=DOCUMENTS),
        elements=ELEMENTS,
        panel=_panel(),
        shoppers=_shoppers(),
        feedback=_feedback(),
        truth=TruthCheck(
            {"style/new-chinese": "rising", "fabric/brocade": "emerging", "garment/down-jacket": "seasonal",
             "style/dopamine": "declining", "accessory/bag": "rising"},
            {"style/new-chinese": "rising", "fabric/brocade": "emerging", "garment/down-jacket": "seasonal",
             "style/dopamine": "declining", "accessory/bag": None},
            ("color/moon-white",),
        ),
        run=[
            StageRow("collect", "weibo", 48_210, 47_902, 308, 0, 12.4), StageRow("collect", "reddit", 12_044, 12_001, 43, 0, 4.1),
            StageRow("clean", "weibo", 47_902, 31_118, 1_204, 0, 41.0), StageRow("tag", "", 39_800, 182_440, 0, 0, 8.8),
            StageRow("board", "", 182_440, 50, 0, 0, 96.2), StageRow("recommend", "", 120, 1_440, 0, 0, 3.2),
        ],
        rejects={"duplicate": 1_204, "bad date": 211, "empty text": 140},
        language_models=[_version()],
    )  # fmt: skip


def _version() -> ModelRecord:
    return ModelRecord(
        version=1, made_at=MADE_AT, in_use=False, status="refused", task="pretrain", base="bundled", parent=None,
        folder=None, metrics={"held-out masked accuracy": {"before": 0.05, "after": 0.31},
                              "pseudo-perplexity": {"before": 1200.0, "after": 48.2}},
        reasons=("paraphrases fell from 0.900 to 0.700",), data={"from": "home", "counts": {"weibo": 5_000}},
        facts={"n_steps": 40, "seconds": 75.0, "curve": [
            {"step": 10 * i, "seconds": 20.0 * i, "held-out accuracy": 0.31 - 0.26 * float(np.exp(-i))}
            for i in range(5)]},
    )  # fmt: skip


def empty_report(lang: str = "zh") -> ReportData:
    """Get a report of nothing."""
    return ReportData(
        "modacast", MADE_AT, lang, TRENDS.empty_table(), SERIES.empty_table(), FORECASTS.empty_table(),  # type: ignore[arg-type]
        DOCUMENTS.empty_table(), {},
    )  # fmt: skip


def _trend(element_id: str, segment: str, stage: str, curve: np.ndarray, rng: np.random.Generator) -> dict:
    now, before = float(curve[WEEKS - 8 : WEEKS].mean()), float(curve[WEEKS - 60 : WEEKS - 52].mean())
    past = curve[:WEEKS]
    return {
        "element_id": element_id, "segment": segment, "as_of": LAST, "stage": stage, "level": now,
        "growth": None if element_id == "fabric/brocade" else now / before - 1, "forecast_growth": 0.2,
        "forecast_low": -0.1, "forecast_high": 0.6, "chance_of_growth": 0.7,
        "confidence": float(rng.uniform(0.55, 0.98)), "p_value": float(rng.choice([1e-5, 0.004, 0.03])),
        "season_strength": 0.8 if stage == "seasonal" else 0.2, "n_mentions": int(past.sum() * 4000),
        "mood": None if segment != "all" else float(rng.uniform(-0.2, 0.7)), "first_seen": date(2022, 1, 3),
        "peak": LAST - timedelta(weeks=WEEKS - 1 - int(past.argmax())),
        "rising_since": date(2023, 10, 2) if stage in {"emerging", "rising"} else None,
        "backtest_mase": float(rng.gamma(9, 0.095)), "backtest_coverage_80": float(rng.uniform(0.7, 0.88)),
        "evidence_ids": [f"d{i}" for i in range(5)],
        "goes_with": ["garment/shirt", "color/ink-green", "detail/knot-button", "footwear/mary-jane"], "why": "",
    }  # fmt: skip


def _panel() -> pa.Table:
    weeks = [LAST - timedelta(weeks=i) for i in range(WEEKS)]
    rows = [
        {"ds": week, "source": source, "lang": lang, "n_documents": n, "n_relevant": n * 2 // 3}
        for week in weeks
        for source, lang, n in (("weibo", "zh", 410), ("blogs", "zh", 90), ("reddit", "en", 130))
    ]
    return pa.Table.from_pylist(rows, schema=PANEL)


def _item(n: int, title: str, price: float, *element_ids: str) -> Item:
    return Item(f"i{n}", title, element_ids=element_ids, price=price, currency="CNY")


ITEMS = [
    _item(0, "织锦缎盘扣短外套", 468, "garment/new-chinese-top", "color/cinnabar", "fabric/brocade"),
    _item(1, "墨绿织金马面裙", 399, "garment/mamian-skirt", "color/ink-green"),
    _item(2, "改良旗袍连衣裙 碎花", 358, "garment/qipao", "color/moon-white", "pattern/floral"),
    _item(3, "条纹宽松衬衫", 199, "garment/shirt", "color/klein-blue", "pattern/stripe"),
    _item(4, "高腰直筒牛仔裤", 239, "garment/jeans", "color/denim-blue"),
    _item(5, "格纹双排扣西装", 529, "garment/blazer", "color/caramel", "pattern/check"),
    _item(6, "经典卡其风衣", 699, "garment/trench-coat", "color/caramel"),
    _item(7, "短款羽绒服", 599, "garment/down-jacket", "color/butter"),
    _item(8, "波点吊带裙", 219, "garment/slip-dress", "color/chocolate", "pattern/polka-dot"),
    _item(9, "小香风毛衣", 259, "garment/sweater", "color/off-white"),
    _item(10, "漆皮玛丽珍鞋", 329, "footwear/mary-jane", "color/black"),
    _item(11, "复古跑鞋", 459, "footwear/sneaker", "color/sage"),
    _item(12, "阔腿西裤", 269, "garment/wide-leg-trousers", "color/black"),
    _item(13, "百褶半身裙 格纹", 189, "garment/pleated-skirt", "color/cinnabar", "pattern/check"),
    _item(14, "切尔西短靴", 499, "footwear/ankle-boot", "color/chocolate"),
    _item(15, "软皮手提包", 389, "accessory/bag", "color/butter"),
    _item(16, "羊绒围巾", 299, "accessory/scarf", "color/sage"),
    _item(17, "重磅纯棉T恤", 99, "garment/t-shirt", "color/off-white"),
    _item(18, "羊毛大衣", 899, "garment/coat", "color/caramel"),
    _item(19, "防晒衣 轻薄", 179, "garment/sun-protection-jacket", "color/moon-white"),
    _item(20, "刺绣棒球帽", 89, "accessory/baseball-cap", "color/denim-blue"),
]


def _shoppers() -> list[ShopperPage]:
    def picks(*numbers: int) -> list[Pick]:
        return [
            Pick(ITEMS[n], rank, {"zh": ["你偏爱的新中式正在上升（+86%）", "在你常买的价位"], "en": ["New Chinese style, which you like, is rising (+86%)", "in your usual price range"]})
            for rank, n in enumerate(numbers, start=1)
        ]  # fmt: skip

    return [
        ShopperPage(
            "A", {"style/new-chinese": 0.9, "color/cinnabar": 0.6, "garment/qipao": 0.55, "fabric/brocade": 0.4, "pattern/floral": 0.2},
            (180.0, 520.0), "CNY", ("value/sustainable",), [ITEMS[n] for n in (2, 10, 3, 16)],
            picks(1, 13, 8, 9, 6, 15), picks(0, 1, 15, 13, 10, 12), {"i8": "dislike", "i1": "purchase"},
        ),
        ShopperPage("B", {"garment/jeans": 0.8, "color/denim-blue": 0.5}, (90.0, 480.0), "CNY", (), [ITEMS[n] for n in (4, 17, 11)],
                    picks(3, 20, 7, 5, 18, 19, 14)),
        ShopperPage("C", before=picks(0, 1, 2)),
    ]  # fmt: skip


def _feedback() -> FeedbackSummary:
    return FeedbackSummary(
        1_836, {"view": 1_210, "like": 301, "purchase": 188, "dislike": 137},
        [MetricChange("liking", Interval(0.612, 0.58, 0.645, 0.95, 120), Interval(0.701, 0.67, 0.73, 0.95, 120), Interval(0.089, 0.06, 0.118, 0.95, 120)),
         MetricChange("NDCG@12", Interval(0.31, 0.28, 0.34, 0.95, 120), Interval(0.342, 0.31, 0.37, 0.95, 120), Interval(0.032, -0.004, 0.07, 0.95, 120))],
        [WeightChange("similar", 1.0, 0.7), WeightChange("trend_for_you", 0.5, 1.4), WeightChange("popular", 0.3, -0.1), WeightChange("price", 0.3, 0.55)],
        is_kept=True,
    )  # fmt: skip
