"""A small project on disk: posts over 40 weeks, twelve products, six shoppers."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

START = date(2023, 6, 5)
WEEKS = 40
PHRASES = (
    "今天穿了{}出门，朋友都说好看，第{}次这样搭配",
    "分享一套{}穿搭，通勤也合适，编号{}",
    "求推荐好看的{}，预算三百以内，谢谢大家{}",
    "新买的{}到货了，上身效果不错，记录{}",
    "Loving this look with {} today, outfit number {}",
)
STEADY = ("牛仔裤", "连衣裙", "衬衫", "sneakers", "风衣")


def posts() -> list[dict[str, object]]:
    """Steady talk of five garments, and 马面裙 from nothing in the last ten weeks."""
    rows: list[dict[str, object]] = []
    for week in range(WEEKS):
        names = [*STEADY] * 6 + ["马面裙"] * (3 * max(0, week - 29))
        for i, name in enumerate(names):
            day = START + timedelta(weeks=week, days=i % 7)
            text = PHRASES[(i + week) % len(PHRASES)].format(name, 1000 * week + i)
            rows.append({"title": text, "day": day.isoformat(), "author": f"writer-{(7 * week + i) % 90}"})
    return rows


def items() -> list[dict[str, object]]:
    """Two of each garment."""
    names = ("马面裙", "牛仔裤", "连衣裙", "衬衫", "运动鞋", "风衣")
    return [
        {"sku": f"p{2 * i + j}", "name": f"{color}{name}", "price": 199 + 50 * i}
        for i, name in enumerate(names)
        for j, color in enumerate(("红色", "黑色"))
    ]


def events() -> list[dict[str, object]]:
    """Each shopper buys one garment in both colours, and some review."""
    rows = []
    for week in range(WEEKS):
        for user in range(6):
            day = START + timedelta(weeks=week, days=user)
            rows.append({
                "customer": f"customer-{user}@example.com", "sku": f"p{2 * user + week % 2}",
                "what": "review" if week % 5 == 4 else "purchase", "day": day.isoformat(),
                "stars": 4 if week % 5 == 4 else "",
                "said": f"质量很好，版型也喜欢，电话 1380013{8000 + week}，第{week}周" if week % 5 == 4 else "",
            })  # fmt: skip
    return rows


def write_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_project(folder: Path, *, chunk_rows: int = 100) -> Path:
    """Write inputs and `modacast.toml`; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "posts.csv", posts())
    write_csv(folder / "items.csv", items())
    write_csv(folder / "events.csv", events())
    (folder / "modacast.toml").write_text(
        f"""
[project]
home = {json.dumps(str(folder / "home"))}
[[documents]]
name = "posts"
path = "posts.csv"
columns = {{ text = "title", published_at = "day", author = "author" }}
[[items]]
name = "shop"
path = "items.csv"
columns = {{ id = "sku", title = "name" }}
[[events]]
name = "shop"
path = "events.csv"
columns = {{ user = "customer", item_id = "sku", kind = "what", at = "day", value = "stars", text = "said" }}
[clean]
chunk_rows = {chunk_rows}
[trends]
horizon = 8
[report]
path = {json.dumps(str(folder / "report.html"))}
""",
        encoding="utf-8",
    )
    return folder
