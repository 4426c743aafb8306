"""Settings: `modacast.toml`, overridden by `MODACAST_*` environment variables.

Paths in the file are relative to the folder of the data (`--data`), else to the folder of the file itself;
`project.home` and `report.path` are relative to the current folder. An environment variable names a setting
with two underscores between the levels: `MODACAST_TRENDS__HORIZON=52`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from modacast.errors import InvalidInput, NotFound, suggest

__all__ = [
    "AlertSettings",
    "CleanSettings",
    "EncoderSettings",
    "Input",
    "LexiconSettings",
    "PrivacySettings",
    "ProjectSettings",
    "RecommendSettings",
    "ReportSettings",
    "SentimentSettings",
    "Settings",
    "TrendSettings",
    "load_settings",
    "template",
]


_SECRETS = frozenset(("webhook", "webhook_secret", "smtp_password"))


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProjectSettings(_Section):
    """What the project is called and where modacast keeps everything that it writes."""

    title: str = "modacast"
    home: Path = Path("modacast-home")
    lang: Literal["zh", "en"] = "zh"
    database: str | None = Field(None, description="SQLAlchemy URL; by default SQLite in the home")


class Input(_Section):
    """One input: documents, items or events.

    Attributes:
        name: how it is called on the board; also the `source` of its documents.
        kind: `"files"`, `"feed"`, or a plug-in's name.
        path: file, glob pattern, or URL.
        columns: modacast's column to the file's column, or to a list of columns to be joined.
        constants: modacast's column to one value for all rows.
        lang: language of all texts, where it is known.
        options: further options of a plug-in.
    """

    name: str = Field(pattern=r"^[\w.\-]+$")
    kind: str = "files"
    path: str
    columns: Mapping[str, str | list[str]] = {}
    constants: Mapping[str, Any] = {}
    lang: str | None = None
    options: Mapping[str, Any] = {}


class LexiconSettings(_Section):
    """Files that add to or override the shipped lexicon."""

    files: list[Path] = []
    context: bool = Field(True, description="let the language model decide about ambiguous words")
    discover: Literal["off", "review", "admit"] = Field(
        "review", description="look for new words: offer them for review, or use them at once, marked as new"
    )
    discover_from: Literal["fashion", "all"] = Field(
        "fashion",
        description="from texts about fashion; or from all, which then are kept as well (scrubbed) to tell what is new",
    )
    min_probability: float = Field(
        0.9,
        ge=0,
        le=1,
        description="smallest probability of being a word of fashion; a word of many stories may have less",
    )
    admit_probability: float = Field(
        0.97, ge=0, le=1, description="the same, for words that are used without being reviewed"
    )


class CleanSettings(_Section):
    """What is kept of what was collected."""

    min_relevance: float = Field(0.5, ge=0, le=1)
    near_duplicate: float = Field(0.8, gt=0, le=1, description="Jaccard similarity of shingles")
    window_days: int = Field(28, ge=0, description="the same text again after so many days is a new one")
    chunk_rows: int = Field(20_000, ge=100)


class EncoderSettings(_Section):
    """Which language model."""

    model: str = Field(
        "promoted",
        description="the promoted one of this home, else the bundled one; or bundled, a folder, a name",
    )
    threads: int | None = None


class SentimentSettings(_Section):
    """How the mood of texts is read."""

    encoder: bool = Field(True, description="read with the language model; else by words of praise and blame")
    learn: bool = Field(True, description="learn from rated reviews")


class TrendSettings(_Section):
    """The trend board."""

    horizon: int = Field(26, ge=1, le=260, description="weeks")
    segments: list[Literal["all", "lang", "source", "region", "audience"]] = ["all", "lang", "source"]
    min_mentions: int = Field(8, ge=1)
    by_engagement: bool = Field(
        False, description="weigh texts by how much they were noticed: likes, comments, score"
    )
    as_of: date | None = Field(None, description="look at the texts as if it were this day")
    evidence: int = Field(5, ge=0, le=50)
    signals: list[Literal["early", "views", "sales"]] = Field(
        ["early", "views", "sales"],
        description="second signals that the forecasts may use: what early adopters say, what is viewed, what is sold",
    )
    networks: bool = Field(False, description="let networks take part in the forecasts: slower, more exact")


class AlertSettings(_Section):
    """Alarms, and where they are sent; nothing is sent unless `file`, `webhook` or `email_to` is set.

    Secrets are better set in the environment, `MODACAST_ALERTS__SMTP_PASSWORD` and
    `MODACAST_ALERTS__WEBHOOK_SECRET`; they are never shown or logged.

    Attributes:
        file: alerts are appended to this `.jsonl` or `.csv`, relative to the current folder.
        webhook: URL that each alert is posted to as JSON.
        webhook_secret: key of the HMAC-SHA256 in the header `X-Modacast-Signature`.
        email_to: recipients of e-mails.
        email_from: their sender.
        smtp_host: the mail server.
        smtp_user: name to log in with; no login without.
        smtp_password: to log in with.
    """

    q: float = Field(0.1, gt=0, le=1, description="share of alarms that may be false by chance")
    budget: float = Field(2.0, gt=0, description="alarms a week on average; the surest go first")
    min_texts: float = Field(3.0, ge=1, description="fewest texts; one author's and one story's count less")
    silent_weeks: int = Field(13, ge=1, description="calm weeks until an element may alarm again")
    quiet_facets: list[str] = ["season", "occasion", "length"]
    max_age_weeks: int = Field(4, ge=1, description="alarms of the last so many weeks are sent")
    file: Path | None = None
    webhook: SecretStr | None = None
    webhook_secret: SecretStr | None = None
    email_to: list[str] = []
    email_from: str | None = None
    smtp_host: str | None = None
    smtp_port: int = Field(587, ge=1, le=65535, description="587 with starttls, 465 with tls")
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    timeout: float = Field(10.0, gt=0, le=300, description="seconds that a server may take to answer")
    retries: int = Field(3, ge=0, le=10, description="further attempts where a webhook is busy or not there")


class RecommendSettings(_Section):
    """Lists for shoppers."""

    k: int = Field(12, ge=1, le=200)
    half_life_days: float = Field(60, gt=0)
    exclude_purchased: bool = False
    learn: bool = Field(True, description="learn the ranking from feedback")


class PrivacySettings(_Section):
    """What to presume of shoppers who said nothing about consent."""

    consent: Literal["assumed", "required"] = "assumed"


class ReportSettings(_Section):
    """The report."""

    path: Path = Path("report.html")
    trends: int = Field(8, ge=0, le=100, description="trends with a page of their own")
    shoppers: int = Field(4, ge=0, le=100)


class Settings(BaseSettings):
    """All settings of a project."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="MODACAST_", env_nested_delimiter="__"
    )

    project: ProjectSettings = ProjectSettings()
    documents: list[Input] = []
    items: list[Input] = []
    events: list[Input] = []
    lexicon: LexiconSettings = LexiconSettings()
    clean: CleanSettings = CleanSettings()
    encoder: EncoderSettings = EncoderSettings()
    sentiment: SentimentSettings = SentimentSettings()
    trends: TrendSettings = TrendSettings()
    alerts: AlertSettings = AlertSettings()
    recommend: RecommendSettings = RecommendSettings()
    privacy: PrivacySettings = PrivacySettings()
    report: ReportSettings = ReportSettings()
    base: Path = Field(Path(), description="the folder that relative input paths start from")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        return env_settings, init_settings


def load_settings(path: str | Path | None = None, *, data: str | Path | None = None) -> Settings:
    """Read `modacast.toml`.

    Args:
        path: the file, or a folder that holds `modacast.toml`; None takes all defaults.
        data: folder that relative input paths start from, instead of the file's.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the file is not TOML, or a setting is unknown or out of range (all are named).
    """
    content: dict[str, Any] = {}
    base = Path()
    if path is not None:
        file = Path(path)
        file = file / "modacast.toml" if file.is_dir() else file
        content, base = _read(file), file.parent
    content["base"] = Path(data) if data is not None else base
    if data is not None and not Path(data).is_dir():
        raise NotFound(f"there is no folder {data} (given with --data)")
    try:
        return Settings(**content)
    except ValidationError as error:
        raise InvalidInput(_explain(error, str(path or "the settings"))) from error


def template() -> str:
    """Get a commented `modacast.toml` to start from."""
    return (Path(__file__).parent / "modacast.toml").read_text(encoding="utf-8")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"there is no {file}; `modacast init DIR` writes one to start from") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} is not valid TOML: {error}") from error
    except OSError as error:
        raise InvalidInput(f"cannot read {file}: {error.strerror}") from error


def _explain(error: ValidationError, where: str) -> str:
    lines = []
    for problem in error.errors():
        location = problem["loc"]
        name = ".".join(str(part) for part in location)
        if problem["type"] == "extra_forbidden":
            lines.append(f"unknown setting {name!r}{suggest(str(location[-1]), _known(location[:-1]))}")
        else:
            got = "a secret" if str(location[-1]) in _SECRETS else repr(problem.get("input"))
            lines.append(f"{name}: {problem['msg']}, got {got}")
    return f"{where}: " + "; ".join(lines)


def _known(location: tuple[int | str, ...]) -> list[str]:
    if location and location[0] in {"documents", "items", "events"}:
        return list(Input.model_fields)
    model: type[BaseModel] = Settings
    for part in location:
        found = model.model_fields[str(part)].annotation
        if not (isinstance(found, type) and issubclass(found, BaseModel)):
            return []
        model = found
    return [name for name in model.model_fields if name != "base"]
