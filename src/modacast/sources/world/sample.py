"""The sample world as one thing: ask it for posts, products and events, and let its shoppers answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from modacast.errors import InvalidInput, NotFound, suggest
from modacast.sources.world.behaviour import Answers, Slate, answer
from modacast.sources.world.catalogue import Product, items_table, make_products
from modacast.sources.world.chance import stream
from modacast.sources.world.export import write_world
from modacast.sources.world.history import History, events_table, make_history
from modacast.sources.world.planted import PLANTED, SPAM
from modacast.sources.world.posts import END, SOURCES, Post, make_posts
from modacast.sources.world.shoppers import Liking, Shopper, make_shoppers
from modacast.types import RAW_DOCUMENTS, REJECTS, Batch, Source, Stage

__all__ = ["Truth", "World", "WorldSource"]

_BATCH = 1_000
_ANSWER_COLUMNS = ("user", "item_id", "rank")


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true in a world, to score results against.

    Attributes:
        trends: element id to the stage at the end of the world.
        spam: id of the element that only a burst of spam names.
        tastes: raw user id to element id to weight, above 0 for what is liked.
        liking: of everyone for everything.
        sold_out: ids of products that are not available.
    """

    trends: Mapping[str, Stage]
    spam: str
    tastes: Mapping[str, Mapping[str, float]]
    liking: Liking
    sold_out: frozenset[str]

    def utility(self, user: str, item_id: str) -> float:
        """Get how much a shopper truly likes a product, in [0, 1].

        Raises:
            NotFound: there is no such shopper or product.
        """
        return float(self.liking.utility[_at(self.liking.users, user), _at(self.liking.items, item_id)])

    def ideal(self, user: str, k: int) -> list[str]:
        """Get the ids of the k available products that a shopper likes most, the best first.

        Raises:
            NotFound: there is no such shopper.
        """
        row = self.liking.utility[_at(self.liking.users, user)]
        names = list(self.liking.items)
        ordered = (names[i] for i in np.argsort(-row, kind="stable"))
        return [name for name in ordered if name not in self.sold_out][:k]


class World:
    """A seeded world of posts, products and shoppers whose trends and tastes are known.

    Everything follows from the arguments: the same ones give the same world, in any order of calls.

    Args:
        seed: of all chance.
        n_posts: posts to generate; 100 hand-written ones and one burst of spam come on top.
        n_shoppers: at least 2; the first two are `"A"` and `"B"`.
        end: the Monday after the last of the 104 weeks.

    Raises:
        InvalidInput: a number is too small, or the end is no Monday.

    >>> world = World(n_posts=300, n_shoppers=5)
    >>> world.shoppers[:2], world.items().num_rows
    (('A', 'B'), 240)
    """

    def __init__(self, *, seed: int = 7, n_posts: int = 3000, n_shoppers: int = 200, end: date = END) -> None:
        if n_posts < 0 or n_shoppers < 2:
            raise InvalidInput(
                f"n_posts must be 0 or more and n_shoppers 2 or more, got {n_posts} and {n_shoppers}"
            )
        if end.weekday() != 0:
            raise InvalidInput(f"end must be a Monday, got {end.isoformat()}, a {end:%A}")
        self.seed = seed
        self.n_posts = n_posts
        self.n_shoppers = n_shoppers
        self.end = end

    @property
    def shoppers(self) -> tuple[str, ...]:
        """The raw ids of all shoppers."""
        return tuple(shopper.user for shopper in self._people)

    @property
    def n_documents(self) -> int:
        """How many posts there are."""
        return len(self.posts)

    @cached_property
    def posts(self) -> list[Post]:
        """All posts with what was planted in them, ordered by source and time."""
        return make_posts(self.seed, self.n_posts, self.end)

    def sources(self) -> list[Source]:
        """Get one source for each outlet of the world."""
        return [WorldSource(name, self) for name in SOURCES]

    def documents(self) -> Iterator[Batch]:
        """Yield the posts of all sources, source by source, as batches of `RAW_DOCUMENTS`."""
        for source in self.sources():
            yield from source.read()

    def items(self) -> pa.Table:
        """Get the catalogue as `ITEMS`; `element_ids` are what each product truly is."""
        return items_table(self._products)

    def events(self) -> pa.Table:
        """Get the events of the last 52 weeks as `RAW_EVENTS`, ordered by time."""
        return self._history.events

    def react(self, recommendations: pa.Table, *, at: datetime, slate_id: str = "round") -> pa.Table:
        """Get what the shoppers do with the lists that they are shown.

        Args:
            recommendations: columns `user` (raw id), `item_id` and `rank` (from 1), and perhaps `propensity`.
            at: instant of the visit, with a time zone.
            slate_id: name of the round; another name gives another round of chance, the same name the same.

        Returns:
            `RAW_EVENTS`, ordered by time: impressions and all that follows.

        Raises:
            InvalidInput: a column is missing, or `at` has no time zone.
            NotFound: there is no such shopper or product.
        """
        for column in _ANSWER_COLUMNS:
            if column not in recommendations.column_names:
                raise InvalidInput(
                    f"the recommendations have no column {column!r}{suggest(column, recommendations.column_names)}"
                )
        if at.tzinfo is None:
            raise InvalidInput(f"at must have a time zone, got {at.isoformat()}")
        lists: dict[str, list[dict[str, object]]] = {}
        for row in recommendations.sort_by([("user", "ascending"), ("rank", "ascending")]).to_pylist():
            lists.setdefault(row["user"], []).append(row)
        rows: list[dict[str, object]] = []
        for user, shown in lists.items():
            number = _at(self._liking.users, user)
            columns = [_at(self._liking.items, str(row["item_id"])) for row in shown]
            slate = Slate(
                id=f"{slate_id}-{number:03d}",
                at=at,
                products=[self._products[i] for i in columns],
                utility=self._liking.utility[number, columns],
                propensity=np.array([row.get("propensity") for row in shown], dtype=np.float64),
            )
            answers = Answers(owned=set(self._history.owned[user]))
            answer(stream(self.seed, "react", slate_id, user), self._people[number], slate, answers)
            rows.extend(answers.rows)
        return events_table(rows)

    def truth(self) -> Truth:
        """Get what results are scored against."""
        return Truth(
            trends={element: planted.stage for element, planted in PLANTED.items()},
            spam=SPAM,
            tastes={shopper.user: dict(shopper.tastes) for shopper in self._people},
            liking=self._liking,
            sold_out=frozenset(product.id for product in self._products if not product.is_available),
        )

    def write(self, folder: str | Path) -> list[Path]:
        """Write the world as ordinary input files.

        Args:
            folder: is made where it is missing; gets `posts_SOURCE.jsonl.gz`, `catalogue.csv` (without the
                elements, which have to be found), `events.csv` and `truth.json`.

        Returns:
            The files.
        """
        return write_world(
            Path(folder),
            documents={source.name: source.read() for source in self.sources()},
            items=self.items(),
            events=self.events(),
            truth={
                "seed": self.seed,
                "end": self.end.isoformat(),
                "trends": dict(self.truth().trends),
                "spam": SPAM,
                "tastes": self.truth().tastes,
            },
        )

    @cached_property
    def _products(self) -> list[Product]:
        return make_products(self.seed, self.end)

    @cached_property
    def _people(self) -> list[Shopper]:
        return make_shoppers(self.seed, self.n_shoppers)

    @cached_property
    def _liking(self) -> Liking:
        return Liking.of(self._people, self._products)

    @cached_property
    def _history(self) -> History:
        return make_history(self.seed, self._people, self._products, self._liking, self.end)


@dataclass(slots=True)
class WorldSource:
    """One outlet of a world as a source of raw documents.

    Attributes:
        name: of the outlet, a key of `SOURCES`.
        world: where it lies.
    """

    name: str
    world: World

    def read(self) -> Iterator[Batch]:
        """Yield batches of `RAW_DOCUMENTS`, ordered by time.

        Raises:
            NotFound: the world has no such outlet.
        """
        if self.name not in SOURCES:
            raise NotFound(f"the sample world has no source {self.name!r}{suggest(self.name, SOURCES)}")
        posts = [post for post in self.world.posts if post.source == self.name]
        for first in range(0, len(posts), _BATCH):
            rows = [
                _document(row, post)
                for row, post in enumerate(posts[first : first + _BATCH], start=first + 1)
            ]
            yield Batch(pa.Table.from_pylist(rows, schema=RAW_DOCUMENTS), REJECTS.empty_table())


def _document(row: int, post: Post) -> dict[str, object]:
    return {
        "row": row,
        "id": post.id,
        "text": post.text,
        "lang": post.lang,
        "url": f"https://{post.source}.example.com/{post.id}",
        "published_at": post.published_at,
        "author": post.author,
        "region": post.region,
        "engagement": post.engagement,
    }


def _at(positions: Mapping[str, int], name: str) -> int:
    if name not in positions:
        raise NotFound(f"the sample world has no {name!r}{suggest(name, positions)}")
    return positions[name]
