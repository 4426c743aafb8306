"""What the language model was taught: one card a training, with its curve and figures before and after."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modacast.pipeline.models import ModelRecord
from modacast.serve.report.figures import reading_curve
from modacast.serve.report.words import Words, counted, join

__all__ = ["Lesson", "Measured", "latest_trainings", "lesson"]

_TASKS = {
    "pretrain": Words("预训练：猜被遮住的词", "Pre-training: guess masked words"),
    "finetune": Words("微调：让该在一起的文字靠近", "Fine-tuning: bring together what belongs together"),
    "student": Words("蒸馏：更快的小模型", "Distilling: a smaller, faster model"),
}
_STATUS = {
    "accepted": Words("通过检验", "passed the gate"),
    "refused": Words("未通过检验，不采用", "refused by the gate"),
    "removed": Words("已删除", "removed"),
}
_BUNDLED = Words("自带模型", "the bundled model")
_IN_USE = Words("使用中", "in use")
_NOT_IN_USE = Words("未启用", "not in use")
_METRICS: Mapping[str, Words] = {
    "held-out masked accuracy": Words("遮住的词猜中率（没见过的文字）", "Masked words guessed (unseen texts)"),
    "held-out masked loss (nats)": Words("遮词损失（奈特，越低越好）", "Masked loss (nats, lower is better)"),
    "pseudo-perplexity": Words("伪困惑度（越低越好）", "Pseudo-perplexity (lower is better)"),
    "unseen pairs (MRR)": Words("用标题找描述，没见过的商品（MRR）", "Title finds description, unseen products (MRR)"),
    "unseen names (accuracy@1)": Words(
        "跨语言找同一元素，没见过的名称（首位命中率）", "Other language's name found, unseen names (accuracy@1)"
    ),
    "validation MRR": Words("选模型用的验证集（MRR）", "Validation pairs that chose the state (MRR)"),
    "paraphrases": Words("通用检查：同义句", "General check: paraphrases"),
    "languages": Words("通用检查：跨语言", "General check: languages"),
    "elements": Words("通用检查：元素描述", "General check: elements"),
    "opinions": Words("通用检查：褒贬", "General check: opinions"),
    "spread": Words("通用检查：向量没有塌缩", "General check: vectors still differ"),
    "cosine to the teacher": Words("与原模型的余弦", "Cosine to the teacher"),
}  # fmt: skip
_READINGS = {
    "held-out accuracy": Words("没见过的文字：遮词猜中率", "Unseen texts: masked words guessed"),
    "validation MRR": Words("验证集：MRR", "Validation pairs: MRR"),
    "cosine to the teacher": Words("与原模型的余弦", "Cosine to the teacher"),
}
_WENT = re.compile(r"(.+) (fell|went) from (\S+) to (\S+)")
_LOWER_IS_BETTER = frozenset({"held-out masked loss (nats)", "pseudo-perplexity"})
_COUNTED = {
    "documents and products": Words("篇文字与商品", "documents and products"),
    "products": Words("件商品", "products"),
    "title": Words("对标题与描述", "titles with descriptions"),
    "attributes": Words("对元素与商品", "lists of elements with products"),
    "review": Words("对评价与商品", "reviews with products"),
    "zh-en": Words("对中→英名称", "names zh→en"),
    "en-zh": Words("对英→中名称", "names en→zh"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure before and after; `is_better` is None where nothing changed or one was not measured."""

    name: Words
    before: str
    after: str
    is_better: bool | None


@dataclass(frozen=True, slots=True)
class Lesson:
    """One training as the report shows it."""

    title: Words
    version: Words
    status: Words
    is_refused: bool
    reasons: Sequence[Words]
    data: Words
    rows: Sequence[Measured]
    curve: Markup | None
    curve_name: Words


def latest_trainings(records: Sequence[ModelRecord]) -> list[ModelRecord]:
    """Get the latest version of each kind of training that was not removed, in the order of their making."""
    latest = {record.task: record for record in records if record.status != "removed"}
    return sorted(latest.values(), key=lambda record: record.version)


def lesson(record: ModelRecord) -> Lesson:
    """Get what the report shows of a version."""
    use = _IN_USE if record.in_use else _NOT_IN_USE
    status = _STATUS.get(record.status, Words(record.status, record.status))
    curve, name = _curve(record)
    return Lesson(
        title=_TASKS.get(record.task, Words(record.task, record.task)),
        version=Words(f"第 {record.version} 版", f"Version {record.version}"),
        status=status if record.status != "accepted" else join([status, use], "，", ", "),
        is_refused=record.status == "refused",
        reasons=[_refusal(reason) for reason in record.reasons],
        data=_data(record),
        rows=[_measured(name, values) for name, values in record.metrics.items()],
        curve=curve,
        curve_name=name,
    )


def _refusal(reason: str) -> Words:
    """Get a reason of the gate in both languages; one of another form is shown as it is."""
    if reason == "the held-out loss did not fall":
        return Words("没见过的文字上损失没有下降", reason)
    found = _WENT.fullmatch(reason)
    if found is None:
        return Words(reason, reason)
    name, went, before, after = found.groups()
    verb = "降" if went == "fell" else "变"
    return Words(f"{_METRICS[name].zh if name in _METRICS else name}从 {before} {verb}为 {after}", reason)


def _measured(name: str, values: Mapping[str, float | None]) -> Measured:
    before, after = values.get("before"), values.get("after")
    better = None
    if before is not None and after is not None and abs(after - before) >= 5e-4:
        better = (after < before) if name in _LOWER_IS_BETTER else (after > before)
    return Measured(_METRICS.get(name, Words(name, name)), _figure(before), _figure(after), better)


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 100 else counted(round(value))


def _data(record: ModelRecord) -> Words:
    counts = record.data.get("counts", {})
    kinds = [
        Words(f"{counted(n)} {_COUNTED[name].zh}", f"{counted(n)} {_COUNTED[name].en}")
        if name in _COUNTED
        else Words(f"{name} {counted(n)}", f"{counted(n)} {name}")
        for name, n in counts.items()
    ]
    steps, seconds = record.facts.get("n_steps", 0), float(record.facts.get("seconds", 0.0))
    minutes, rest = divmod(round(seconds), 60)
    time = (
        Words(f"{minutes} 分 {rest} 秒", f"{minutes} min {rest} s")
        if minutes
        else Words(f"{rest} 秒", f"{rest} s")
    )
    base = record.base if record.parent is None else None
    start = _BUNDLED if base == "bundled" else Words(base or "", base or "")
    if record.parent is not None:
        start = Words(f"第 {record.parent} 版", f"version {record.parent}")
    return Words("从{start}开始；{kinds}；{n} 步，{time}。", "From {start}; {kinds}; {n} steps in {time}.").format(
        start=start, kinds=join(kinds, "、", ", "), n=counted(steps), time=time
    )  # fmt: skip


def _curve(record: ModelRecord) -> tuple[Markup | None, Words]:
    points = record.facts.get("curve", ())
    for key, name in _READINGS.items():
        read = [(float(point["step"]), float(point[key])) for point in points if key in point]
        if len(read) > 1:
            return reading_curve(read, name, seconds=float(points[-1]["seconds"])), name
    return None, Words("", "")
