"""Small checks of what a model could do before, and a gate that keeps a worse model out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modacast.types import Encoder, Floats

__all__ = ["GENERAL_TEXTS", "TRIPLES", "Gate", "Verdict", "battery", "triple_scores"]

# a text, one that means nearly the same, one that only looks like it
TRIPLES: tuple[tuple[str, str, str], ...] = (
    ("今天天气很好，适合出门散步", "天气晴朗，可以出去走走", "今天出门忘了带钥匙"),
    ("这部电影很感人", "看这部片子我哭了", "这部电影的票很贵"),
    ("怎么做红烧肉", "红烧肉的做法", "红烧肉多少钱一份"),
    ("手机没电了，需要充电", "电池耗尽，得接上电源", "手机丢了，需要报警"),
    ("他每天早上跑步五公里", "他坚持晨跑锻炼", "他每天早上睡到十点"),
    ("孩子发烧了怎么办", "小朋友体温过高如何处理", "孩子上学迟到了怎么办"),
    ("房价今年下跌了", "楼市价格比去年低", "房租今年要交两次"),
    ("这家餐厅服务态度很差", "店员对客人爱理不理", "这家餐厅的味道很好"),
    ("高铁票改签", "怎么更换火车的班次", "高铁上有餐车吗"),
    ("公司明年要裁员", "企业计划减少员工人数", "公司明年要搬家"),
    ("裙子面料轻薄透气，夏天穿很凉快", "夏季连衣裙，清凉不闷热", "冬季加厚羽绒服，保暖防风"),
    ("尺码偏小，建议买大一号", "这件衣服要拍大一码才合身", "颜色和图片一样，没有色差"),
    ("洗了一次就掉色", "水洗后褪色严重", "洗了很多次也不掉色"),
    ("显瘦的黑色阔腿裤", "黑色宽松长裤，遮肉", "白色紧身短裤"),
    ("职场通勤西装外套", "上班穿的小西服", "海边度假的吊带裙"),
    ("新中式盘扣上衣", "国风立领对襟衫", "美式复古棒球服"),
    ("How do I reset my password?", "I forgot my login and need a new one", "How do I delete my photos?"),
    ("The train was two hours late", "Our rail service was badly delayed", "The train has two dining cars"),
    ("She plays the violin beautifully", "She is a gifted violinist", "She sold her old violin"),
    ("cheap flights to Tokyo", "low-cost airline tickets to Japan", "cheap hotels in Paris"),
    ("The soup is too salty", "They put too much salt in the broth", "The soup is served cold"),
    ("a waterproof jacket for hiking", "rain shell for the outdoors", "a silk blouse for the office"),
    ("runs small, order a size up", "too tight, buy a larger size", "true to the colour in the picture"),
    ("high-waisted wide-leg jeans", "loose denim trousers with a high rise", "low-rise skinny leggings"),
    ("今日は雨が降りそうだ", "午後から天気が崩れる見込み", "今日は友達と映画を見た"),
    ("夏用の涼しいワンピース", "暑い季節に着るドレス", "冬用の厚いコート"),
    ("배송이 너무 늦어요", "택배가 아직 도착하지 않았어요", "옷 색깔이 예뻐요"),
    ("une robe légère pour l'été", "tenue estivale fluide et fraîche", "un manteau chaud pour l'hiver"),
    ("ein warmer Mantel für den Winter", "dicke Jacke gegen die Kälte", "ein leichtes Kleid für den Sommer"),
    ("zapatos cómodos para caminar", "calzado blando para largas caminatas", "zapatos de tacón para fiestas"),
    ("新中式马面裙", "a pleated skirt in modern Chinese style", "a cropped denim jacket"),
    ("红色连衣裙", "a red dress", "a blue shirt"),
    ("a down jacket", "羽绒服", "牛仔裤"),
    ("linen trousers", "亚麻长裤", "真丝衬衫"),
)  # fmt: skip

GENERAL_TEXTS: tuple[str, ...] = tuple(dict.fromkeys(text for triple in TRIPLES for text in triple))
"""Texts of many kinds and languages: a fine-tuned model is held to what it said of them before."""

_COLLAPSED = 0.985


@dataclass(frozen=True, slots=True)
class Gate:
    """What a new model must hold to.

    Attributes:
        min_gain: by which the task's score must rise.
        max_loss: by which a check of other abilities may fall.
    """

    min_gain: float = 0.0
    max_loss: float = 0.06

    def judge(self, before: Mapping[str, float], after: Mapping[str, float], task: str) -> Verdict:
        """Compare a new model with the old one.

        Args:
            before: check to score of the old model, the task's among them; higher is better.
            after: the same of the new model.
            task: name of the score that is to rise.
        """
        reasons = []
        if not after[task] >= before[task] + self.min_gain:
            reasons.append(f"{task} went from {before[task]:.3f} to {after[task]:.3f}")
        for name, score in before.items():
            if name != task and not after[name] >= score - self.max_loss:
                reasons.append(f"{name} fell from {score:.3f} to {after[name]:.3f}")
        return Verdict(not reasons, tuple(reasons))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a new model is taken.

    Attributes:
        accepted: whether it is.
        reasons: what speaks against it.
    """

    accepted: bool
    reasons: tuple[str, ...]


def triple_scores(vectors: Mapping[str, Floats]) -> dict[str, float]:
    """Get the scores of the checks that need no data of the user.

    Args:
        vectors: text to its vector, for each of `GENERAL_TEXTS`.

    Returns:
        `"paraphrases"`: share of `TRIPLES` in which the text that means the same is nearer than the one that
        looks the same. `"spread"`: 1 where the vectors of different texts differ, 0 where all have become one
        or are not finite.
    """
    right = [
        float(vectors[text] @ vectors[same] > vectors[text] @ vectors[other]) for text, same, other in TRIPLES
    ]
    rows = np.stack([vectors[text] for text in GENERAL_TEXTS])
    cosines = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
    spread = bool(np.isfinite(rows).all()) and float(cosines.mean()) < _COLLAPSED
    return {"paraphrases": float(np.mean(right)), "spread": float(spread)}


def battery(encoder: Encoder, texts: Sequence[str] = GENERAL_TEXTS) -> dict[str, float]:
    """Get the same scores of any encoder."""
    return triple_scores(dict(zip(texts, encoder.encode_document(texts), strict=True)))
