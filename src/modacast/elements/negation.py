"""Whether a text denies a word: `not a dress`, `没有碎花`, `ワンピースではない`.

Rules in the spirit of NegEx (Chapman et al., 2001, "A simple algorithm for identifying negated findings"): a
negating word right before or, in Japanese and Korean, right after the word, with nothing but little words
between them, and a list of phrases that only look like a negation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["is_doubted", "is_negated"]

_BEFORE, _AFTER = 40, 12
_HAN_BEFORE = 10
_DOUBTED_BEFORE = 70
_STOP = re.compile(r"[。.！!？?；;\n\r…]|\b(?:but|aber|mais|pero|ma|mas)\b|但|不过|可是")
_NEVER = re.compile(r"(?!)")
_BREAK = re.compile(r"[，,。.！!？?；;：:()（）\[\]【】\n\r“”\"|/~～…]")


@dataclass(frozen=True, slots=True)
class _Rules:
    """Patterns of one language.

    Attributes:
        harmless: phrases to overlook.
        before: matches the end of what stands before the word.
        after: matches the beginning of what stands after it.
        compared: matches the end of what stands before the word, if what stands after it matches `than`: the two
            compare and deny nothing (`没有 … 好看`).
        than: see `compared`.
        doubted: matches what stands before a judgement that is doubted (`I don't think that ... is nice`).
    """

    harmless: re.Pattern[str]
    before: re.Pattern[str]
    after: re.Pattern[str]
    compared: re.Pattern[str] = _NEVER
    than: re.Pattern[str] = _NEVER
    doubted: re.Pattern[str] = _NEVER


def is_negated(text: str, start: int, end: int, lang: str) -> bool:
    """Say whether the words at `text[start:end]` are denied.

    Args:
        text: the whole text.
        start: first character of the words.
        end: one past their last character.
        lang: language code; languages without rules deny nothing.
    """
    rules = _RULES.get(lang)
    if rules is None:
        return False
    before = text[max(0, start - (_HAN_BEFORE if lang == "zh" else _BEFORE)) : start]
    if before and rules.before is not _NEVER:
        clause = _BREAK.split(before)[-1].lower().replace("\u2019", "'")
        if rules.before.search(rules.harmless.sub("＃", clause)):
            compares = rules.compared.search(clause) is not None and rules.than.match(
                text[end : end + _AFTER]
            )
            return not compares
    if rules.after is _NEVER:
        return False
    return rules.after.match(text[end : end + _AFTER]) is not None


def is_doubted(text: str, start: int, lang: str) -> bool:
    """Say whether a judgement at `text[start:]` is one that somebody does not share: `I don't think it is nice`.

    The verb of thinking is denied and the judgement is meant (neg-raising; Horn, 1978, "Remarks on Neg-Raising").

    Args:
        text: the whole text.
        start: first character of the judgement.
        lang: language code; languages without rules doubt nothing.
    """
    rules = _RULES.get(lang)
    if rules is None or rules.doubted is _NEVER:
        return False
    sentence = _STOP.split(text[max(0, start - _DOUBTED_BEFORE) : start])[-1]
    return rules.doubted.search(sentence.lower().replace("\u2019", "'")) is not None


def _words(negators: str, between: str, harmless: str, doubted: str) -> _Rules:
    """Build the rules of a language that writes spaces: negator, up to four little words, one free word."""
    before = rf"(?<![\w']){negators}\s+(?:(?:{between})\s+){{0,4}}(?:[\w'-]+\s+)?$"
    return _Rules(
        re.compile(rf"(?<!\w)(?:{harmless})(?!\w)"),
        re.compile(before),
        _NEVER,
        doubted=re.compile(rf"(?<!\w)(?:{doubted})(?!\w)"),
    )


_CHINESE = _Rules(
    re.compile(
        r"不得不|不能不|不会不|不要太|不仅仅?|不只|不止|不但|不光|不单|不愧|不过|不错|不同|不管|不论|不断|不妨|不禁|不如|不一样|不一般"
        r"|不规则|不可或缺|不[可容]?错过|不能错过|不要错过|别错过|不二|不凡|不俗|不由|不已|不知不觉|忍不住|少不了|离不开|挡不住|止不住|受不了"
        r"|对不起|了不起|差不多|说不定|要不|想不到|没想到|没错|没准|没得说|没话说|毫无疑问|无疑|无论|无比|无敌|无限|无穷|无所|无可挑剔"
        r"|非常|非遗|非得|非要|特别|分别|级别|类别|区别|性别|别致|别人|别样|别具|别墅|未来|未必不|(.)[不没]\1"
    ),
    re.compile(
        r"(?:不|没|没有|木有|无|非|别|未|勿|莫|甭|毫无|拒绝|告别|远离|不再|从不|绝不|并非|而非|缺少|缺乏)"
        r"(?:是|要|想|能|会|带|含|用|穿|戴|有|加|配|搭|选|买|喜欢|适合|推荐|建议|需要|需|再|必|爱|很|怎么|那么|这么|太|够|过于|过分|任何|什么"
        r"|一点|半点|明显|出现|发现|存在|的话|算|特|十分|觉得|感觉|看到|看出|见|存|得|大|想[象像]中?的?){0,3}$"
    ),
    _NEVER,
    compared=re.compile(r"\w没有?$"),
    than=re.compile(
        r"(?:来得|那么|这么|那样|这样|更)?(?:好[看穿搭用]|漂亮|美|舒[服适]|保暖|暖和|软|厚实?|显[瘦高白]|耐[穿看脏用]|值|凉快|轻|合身|精致"
        r"|高级|百搭|时髦|洋气|实用|方便|适合|贵|便宜|透气|结实|好(?![的了像]))"
    ),
    doubted=re.compile(r"(?:不觉得|没觉得|不认为|并不觉得|不感觉)[^，,]*$"),
)

_JAPANESE = _Rules(
    _NEVER,
    _NEVER,
    re.compile(
        r"(?:など|とか|っぽ|風)?(?:では|じゃ|に?は|が|も|の|を|感)?(?:全然|あまり|全く)?"
        r"(?:ない|なく(?!ては|ちゃ|なら)|なし|無し|無い|無く|ありません|着ない|着ません|履かない|履きません|持っていない|要らない|いらない|不要|抜き)"
    ),
)

_KOREAN = _Rules(
    _NEVER,
    re.compile(r"(?:^|\s)(?:안|못|전혀)\s*$"),
    re.compile(
        r"(?:이|가|은|는|을|를|도)?\s*(?:전혀\s*)?(?:없(?!어서는)|아니(?!라도)|아닌|아닙|말고|빼고|제외|안\s|못\s|싫)"
    ),
)

_RULES: dict[str, _Rules] = {
    "zh": _CHINESE,
    "ja": _JAPANESE,
    "ko": _KOREAN,
    "en": _words(
        r"(?:no|not|without|never|nor|neither|lacks?|lacking|minus|avoid|avoiding|sans|instead of|rather than|nothing"
        r"|anything but|cannot|cant|dont|doesnt|didnt|isnt|wasnt|arent|wont|\w+n't)",
        r"a|an|any|the|my|your|his|her|their|our|really|very|so|that|this|these|those|too|much|many|wear|wearing|like"
        r"|need|buy|buying|want|have|having|has|be|been|in|into|fan|of|for|to|at|all|quite|more|one|single|own|own|use"
        r"|using|usually|ever|even|particularly|exactly|especially|is|look|feel|it|get|getting|about|huge|big",
        r"not only|not just|not to mention|no doubt|no wonder|no matter|no one|no\.? ?\d+|(?:can't|cannot|cant|can not) wait"
        r"|(?:can't|cannot|cant|never|don't) (?:go wrong|miss|forget|beat|get enough|have enough|resist|have too many)"
        r"|couldn't (?:resist|be happier|be more|love|agree more)|why not|if not|or not|not bad|never enough|never too",
        r"(?:do not|don't|dont|did not|didn't|does not|doesn't) (?:really |honestly )?(?:think|believe|find|feel|reckon)"
        r"(?! twice)",
    ),
    "fr": _words(
        # "plus" alone says more, not no longer: "plus jolie que"
        r"(?:pas|sans|ni|aucune?|jamais|non|ne|(?:ne |n')\w+ plus)",
        r"fan|fana|de|d'|du|des|un|une|le|la|les|très|trop|vraiment|assez|si|cette?|ce|ces|mon|ma|mes|aucune?|porter|du tout|en",
        r"pas (?:seulement|uniquement|mal|que)|sans (?:doute|hésiter|hésitation|aucun doute|problème)|non seulement"
        r"|ne \w+ que|n'\w+ que",
        r"(?:ne |n'|j')?(?:trouve|pense|crois) pas",
    ),
    "de": _words(
        r"(?:kein|keine|keinen|keinem|keiner|keines|nicht|ohne|nie|niemals|weder|noch|statt)",
        r"der|die|das|den|dem|ein|eine|einen|einem|einer|sehr|so|zu|wirklich|besonders|ganz|mehr|mein|meine|jede|jeden|fan|freund|freundin|von|vom",
        r"nicht nur|nicht zuletzt|nicht schlecht|nicht wahr|ohne zweifel|ohne frage|ohne probleme|kein wunder|keine frage"
        r"|kein problem|noch (?:ein|eine|einen|mehr|nie|besser)|immer noch",
        r"(?:finde|glaube|denke|meine) (?:ich )?nicht",
    ),
    "es": _words(
        r"(?:no|sin|ni|nunca|jamás|jamas|ningún|ningun|ninguna|tampoco|nada)",
        r"de|el|la|los|las|un|una|muy|tan|me|te|se|le|es|son|era|tiene|tienen|hay|lleva|llevar|usar|uso|gusta|gustan|mi"
        r"|quiero|ningún|ninguna|demasiado|del|que|soy|somos|fan",
        r"no s[oó]lo|no solamente|sin duda|no hay duda|sin embargo|sin dudarlo|no obstante|nada más|no está mal|ni que decir",
        r"no (?:creo|pienso|me parece|encuentro)",
    ),
    "it": _words(
        r"(?:senza|non|né|nessun|nessuno|nessuna|mai|niente|nemmeno|neanche|neppure)",
        r"di|il|lo|la|i|gli|le|un|uno|una|molto|così|troppo|è|sono|era|ha|hanno|c'è|ci|mi|piace|piacciono|porto|indosso"
        r"|uso|mio|mia|alcun|alcuna|più|fan|amante|dei|degli|delle|del|della|dello",
        r"non solo|non soltanto|senza dubbio|senza problemi|niente male|non male|non vedo l'ora|mai più senza",
        r"non (?:credo|penso|trovo|mi sembra)",
    ),
    "pt": _words(
        r"(?:sem|não|nao|nem|nunca|jamais|nenhum|nenhuma|tampouco|nada)",
        r"de|do|da|o|a|os|as|um|uma|muito|tão|é|são|era|tem|têm|há|uso|usar|gosto|gostei|quero|meu|minha|qualquer|mais"
        r"|nenhum|nenhuma|demais|foi|sou|somos|fã|fan",
        r"não s[oó]|não apenas|não somente|sem dúvidas?|sem problemas?|nada mal|nem se fala|nada mais",
        r"(?:não|nao) (?:acho|penso|creio|me parece)",
    ),
}
