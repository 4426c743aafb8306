"""Tokenizers: the bundled Unigram vocabulary, or whatever a Hugging Face folder carries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from modacast.encoder.bundled import UnigramPieces
from modacast.encoder.weights import read_json
from modacast.errors import InvalidInput

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = [
    "folder_tokenizer",
    "load_tokenizer",
    "placed_sound",
    "sound",
    "tokenizer_files",
    "unigram_tokenizer",
]

# longer than any piece of the vocabularies in use, so that nothing within reach of a model is cut off
_CHARACTERS_A_TOKEN = 32
_SURROGATES = re.compile("[\ud800-\udfff]")
_WHITESPACE = re.compile(r"\s+")
_BERT_SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_FULLWIDTH_TILDE = "～"
_STAND_IN = "\U0010fffe"


def sound(text: str, max_tokens: int) -> str:
    r"""Get a text that any tokenizer can read, and quickly.

    Halves of surrogate pairs are joined or, where one half is missing, replaced by U+FFFD. A text far longer
    than the model reads is cut, after its runs of whitespace are folded.

    >>> sound("bell-bottoms \ud83d\udc56", 512)
    'bell-bottoms 👖'
    """
    limit = max_tokens * _CHARACTERS_A_TOKEN
    if len(text) > limit:
        text = _WHITESPACE.sub(" ", text[: 8 * limit])[:limit]
    if not text.isascii() and _SURROGATES.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def placed_sound(text: str, max_tokens: int) -> str:
    r"""Get a text that any tokenizer can read, with every character where it was.

    Halves of surrogate pairs are replaced by U+FFFD, and what no model would reach is cut.

    >>> placed_sound("bell-bottoms \ud83d!", 512)
    'bell-bottoms \ufffd!'
    """
    return _SURROGATES.sub("\ufffd", text[: max_tokens * _CHARACTERS_A_TOKEN])


def unigram_tokenizer(vocabulary: UnigramPieces) -> Tokenizer:
    """Build XLM-RoBERTa's tokenizer from pieces and scores.

    SentencePiece's `nmt_nfkc` rules, with which the vocabulary was trained, are NFKC except that they keep
    the fullwidth tilde U+FF5E, so it steps aside while NFKC runs.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces = vocabulary.pieces
    tokenizer = Tokenizer(
        models.Unigram(list(zip(pieces, vocabulary.scores, strict=True)), vocabulary.unk_id, False)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(_FULLWIDTH_TILDE, _STAND_IN),
            normalizers.Nmt(),
            normalizers.NFKC(),
            normalizers.Replace(_STAND_IN, _FULLWIDTH_TILDE),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    specials = (vocabulary.bos_id, vocabulary.pad_id, vocabulary.eos_id, vocabulary.unk_id)
    tokenizer.add_special_tokens([*(pieces[i] for i in specials), *({"<mask>"} & set(pieces[-1:]))])
    bos, eos = pieces[vocabulary.bos_id], pieces[vocabulary.eos_id]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, vocabulary.bos_id), (eos, vocabulary.eos_id)],
    )
    return tokenizer


def tokenizer_files(folder: Path) -> list[Path]:
    """Get the files that make up a folder's tokenizer.

    Raises:
        InvalidInput: there are none.
    """
    if (folder / "tokenizer.json").is_file():
        return [folder / "tokenizer.json"]
    if (folder / "vocab.txt").is_file():
        settings = folder / "tokenizer_config.json"
        return [folder / "vocab.txt"] + ([settings] if settings.is_file() else [])
    raise InvalidInput(f"{folder}: holds no tokenizer (neither tokenizer.json nor vocab.txt)")


def folder_tokenizer(folder: Path) -> Tokenizer:
    """Read a folder's `tokenizer.json`, or build BERT's WordPiece tokenizer from its `vocab.txt`.

    Raises:
        InvalidInput: there is neither, or it is broken.
    """
    first, *settings = tokenizer_files(folder)
    if first.name == "tokenizer.json":
        return load_tokenizer(first)
    return _wordpiece(first, settings[0] if settings else None)


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a `tokenizer.json`.

    Raises:
        InvalidInput: it is broken.
    """
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise InvalidInput(f"{path}: not a tokenizer ({error})") from error


def _wordpiece(path: Path, settings_path: Path | None) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    try:
        words = path.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path}: cannot be read ({error})") from error
    vocabulary = {word.rstrip("\r"): i for i, word in enumerate(words) if word}
    for token in ("[UNK]", "[CLS]", "[SEP]"):
        if token not in vocabulary:
            raise InvalidInput(f"{path}: not a BERT vocabulary ({token} is missing)")
    settings = read_json(settings_path) if settings_path else {}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=_BERT_SPECIALS[1]))
    tokenizer.normalizer = normalizers.BertNormalizer(
        handle_chinese_chars=bool(settings.get("tokenize_chinese_chars", True)),
        strip_accents=settings.get("strip_accents"),
        lowercase=bool(settings.get("do_lower_case", True)),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens([token for token in _BERT_SPECIALS if token in vocabulary])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    return tokenizer
