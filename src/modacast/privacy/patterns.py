"""What personal data look like: the patterns behind `scrub`, in the order in which they are tried.

All patterns run on folded text (full-width forms, dashes and spaces made plain, character by character). A
pattern with a group marks only the group, so that a label such as 微信号 stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from modacast.privacy import checksums

__all__ = ["DETECTORS", "Detector", "Kind", "Trigger"]

Kind = Literal["email", "user", "account", "iban", "id", "passport", "card", "ip", "phone"]
Trigger = Literal["at", "label", "digits"]

_ALONE = r"(?<![0-9A-Za-z])"
_END = r"(?![0-9A-Za-z])"
_NUMBER_ALONE = r"(?<![0-9])(?<![0-9][.,/-])"
_NUMBER_END = r"(?![0-9]|[.,/-][0-9])"
_NUMBER_WORD = r"(?:号码|号|號碼|號|番号|번호|码|(?:number|no|nr|n°|id)\b\.?)?"
_COLON = r" ?[:#=] ?"


@dataclass(frozen=True, slots=True)
class Detector:
    """One kind of personal data.

    Attributes:
        kind: name of the placeholder, `[phone]`.
        trigger: what a text must hold for the pattern to be tried: an `@`, a label, five digits.
        pattern: its first group, or else the whole match, is replaced.
        check: says whether what was found can be real.
    """

    kind: Kind
    trigger: Trigger
    pattern: re.Pattern[str]
    check: Callable[[str], bool] | None = None


def _detector(
    kind: Kind, trigger: Trigger, pattern: str, check: Callable[[str], bool] | None = None
) -> Detector:
    return Detector(kind, trigger, re.compile(pattern, re.ASCII | re.IGNORECASE), check)


def _n_digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _is_international(written: str) -> bool:
    number = re.sub(r"\D", "", written)
    if number.startswith("1"):
        return re.fullmatch(r"1[2-9]\d{2}[2-9]\d{6}", number) is not None
    return 9 <= len(number) <= 15 and _is_not_round(number)


def _is_not_round(written: str) -> bool:
    # sums and follower counts are round, numbers of people are not
    return not written.endswith("00000")


def _is_phone_sized(written: str) -> bool:
    return 7 <= _n_digits(written) <= 15


def _is_trunk_number(written: str) -> bool:
    return 9 <= _n_digits(written) <= 12


def _is_no_size_run(written: str) -> bool:
    pairs = [int(pair) for pair in re.findall(r"\d\d", written)]
    return len({later - earlier for earlier, later in pairwise(pairs)}) > 1


def _has_digit_or_joint(written: str) -> bool:
    return re.search(r"[0-9_.]", written) is not None


def _is_passport(written: str) -> bool:
    return _n_digits(written) >= 5


_EMAIL = r"[0-9a-zà-öø-ɏ._%+'-]{1,64}@(?:[0-9a-zà-öø-ɏ-]{1,63}\.){1,8}[a-z]{2,24}"
# a Weibo name runs on to the next space or punctuation, so everything up to there belongs to it
_USER = r"(?<![0-9a-z._%+-])@(?!\d+(?:[^\w\u00b7-]|$))(?=[\u00b7_-]*[^\W_])[\w\u00b7-]{1,40}"
_IPV6 = r"(?<![0-9a-z:.])(?=[0-9a-f]{0,4}:[0-9a-f]{0,4}:)[0-9a-f:]{7,39}(?![0-9a-z:])"
_PHONE_LABEL = (
    r"(?:\btel(?:ephone)?|\bphone|\bmobile|\bcell|\bfax|whats ?app|电话|手机|热线|座机|传真|联系方式|電話|手機|携帯"
    r"|전화|연락처|핸드폰|téléphone|\btél|teléfono|telefone|telefono|telefon|handy|móvil|celular|cellulare)"
)
_HANDLE_LABEL = (
    r"(?:\binsta(?:gram)?|\big|\bins|telegram|\btg|line ?id|kakao(?:talk)?(?: ?id)?|카톡|snapchat|小红书|小紅書"
    r"|抖音|快手|微博|b站|tiktok|twitter)"
)
_WECHAT_LABEL = r"(?:微信号?|薇信|威信|\bwechat(?: ?id)?|\bweixin|\bwx|\bvx|[加➕+] ?[v微])"

DETECTORS: tuple[Detector, ...] = (
    _detector("email", "at", _EMAIL),
    Detector("user", "at", re.compile(_USER, re.IGNORECASE)),
    _detector("user", "label", r"(?<![\w/.])/?u/[\w-]{3,20}\b"),
    _detector("account", "label", rf"{_WECHAT_LABEL}(?:是|为|{_COLON})\s*([a-z][-_a-z0-9]{{5,19}}){_END}"),
    _detector("account", "label", rf"{_WECHAT_LABEL} ?([a-z][-_a-z0-9]{{5,19}}){_END}", _has_digit_or_joint),
    _detector("account", "digits", r"(?:qq|扣扣|企鹅|vx|wx|微信)(?:号码|号|群)?[ :是为]{0,3}([1-9]\d{4,11})" + _NUMBER_END),
    _detector("account", "label", rf"{_HANDLE_LABEL}(?:号|账号|名|id)?{_COLON}([\w.]{{4,30}}){_END}", _has_digit_or_joint),
    _detector("iban", "digits", rf"{_ALONE}(?-i:[A-Z]{{2}}\d\d(?: ?[0-9A-Z]{{4}}){{2,7}}(?: ?[0-9A-Z]{{1,3}})?){_END}",
              checksums.is_iban),
    _detector("iban", "digits", rf"{_ALONE}[a-z]{{2}}\d\d[0-9a-z]{{11,30}}{_END}", checksums.is_iban),
    _detector("passport", "digits",
              r"(?:护照|護照|passport|パスポート|旅券|여권|passeport|reisepass|pasaporte|passaporto|passaporte)"
              rf" ?{_NUMBER_WORD}[ :#是为は]{{0,3}}([a-z]{{0,2}}\d[0-9a-z]{{5,8}}){_END}", _is_passport),
    _detector("id", "digits", r"(?:身份证|身分證)(?:号码|号|號碼|號)?[ :是为]{0,3}(\d{14}(?:\d{3})?[\dx])" + _END),
    _detector("id", "digits", rf"{_ALONE}[1-9]\d{{5}}(?:18|19|20)\d{{9}}[\dx]{_END}", checksums.is_chinese_id),
    _detector("id", "digits", rf"{_ALONE}[1-8]\d{{14}}{_END}", checksums.is_chinese_id),
    _detector("id", "digits", rf"{_ALONE}[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[ab]) ?\d{{3}} ?\d{{3}} ?\d\d{_END}",
              checksums.is_nir),
    _detector("card", "digits",
              rf"{_ALONE}(?:\d{{14,19}}|\d{{4}}(?:[ -]\d{{4}}){{3}}(?:[ -]\d{{1,3}})?|\d{{4}}[ -]\d{{6}}[ -]\d{{4,5}}){_END}",
              checksums.is_bank_card),
    _detector("id", "digits", rf"{_ALONE}(?:\d{{8}}|[xyz]\d{{7}})-?[a-z]{_END}", checksums.is_dni),
    _detector("id", "digits", rf"{_ALONE}[a-z]{{6}}\d\d[a-ehlmprst]\d\d[a-z]\d{{3}}[a-z]{_END}", checksums.is_codice_fiscale),
    _detector("id", "digits", rf"{_NUMBER_ALONE}\d{{3}}\.\d{{3}}\.\d{{3}}-\d\d{_NUMBER_END}", checksums.is_cpf),
    _detector("id", "digits", rf"\bcpf{_NUMBER_WORD}[ :#]{{0,3}}(\d{{11}}){_END}", checksums.is_cpf),
    _detector("id", "digits", rf"{_ALONE}\d{{6}}-?[1-8]\d{{6}}{_END}", checksums.is_rrn),
    _detector("id", "digits", rf"{_ALONE}(?!000|666|9)\d{{3}}-(?!00)\d\d-(?!0000)\d{{4}}{_END}"),
    _detector("id", "digits", rf"(?:マイナンバー|個人番号|my ?number)[ :#はが]{{0,3}}(\d{{4}}[ -]?\d{{4}}[ -]?\d{{4}}){_END}",
              checksums.is_my_number),
    _detector("id", "digits", rf"{_ALONE}[a-z]{{1,2}}\d{{6}}\([0-9a]\)", checksums.is_hong_kong_id),
    _detector("id", "digits", rf"{_ALONE}[a-z][1289]\d{{8}}{_END}", checksums.is_taiwan_id),
    _detector("ip", "digits", rf"{_NUMBER_ALONE}(?:\d{{1,3}}\.){{3}}\d{{1,3}}{_NUMBER_END}", checksums.is_ip_address),
    _detector("ip", "digits", _IPV6, checksums.is_ip_address),
    _detector("phone", "digits", r"(?<![0-9])(?<![0-9]\.)(?:(?:\+ ?|00)?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?![0-9]|\.[0-9])", _is_not_round),
    _detector("phone", "digits", rf"(?<![0-9])\+ ?[1-9](?:[ .()-]{{0,2}}\d){{7,14}}{_NUMBER_END}", _is_international),
    _detector("phone", "digits", rf"{_NUMBER_ALONE}00[1-9]\d?[ .-](?:[ .-]?\d){{8,13}}{_NUMBER_END}"),
    _detector("phone", "digits", rf"{_PHONE_LABEL} ?{_NUMBER_WORD}{_COLON}([+(]?\d[\d .()/-]{{5,20}}\d){_END}", _is_phone_sized),
    _detector("phone", "digits", rf"{_PHONE_LABEL} ?{_NUMBER_WORD}[是为]? ?(\d[\d-]{{5,16}}\d){_END}", _is_phone_sized),
    _detector("phone", "digits", rf"{_NUMBER_ALONE}\(?0\d{{2,3}}\)?[ -]\d{{3,4}} ?\d{{4}}{_NUMBER_END}", _is_trunk_number),
    _detector("phone", "digits", rf"{_NUMBER_ALONE}[48]00-\d{{3}}-\d{{4}}{_NUMBER_END}"),
    _detector("phone", "digits", rf"{_NUMBER_ALONE}01[016789]-?\d{{3,4}}-?\d{{4}}{_NUMBER_END}", _is_trunk_number),
    _detector("phone", "digits", rf"{_NUMBER_ALONE}\(?0\d{{1,4}}(?:\)|[-./])[ ]?\d{{2,5}}(?:[-. ]\d{{2,5}}){{1,3}}{_NUMBER_END}",
              _is_trunk_number),
    _detector("phone", "digits", rf"{_NUMBER_ALONE}0[1-9](?:[ .]\d\d){{4}}{_NUMBER_END}", _is_no_size_run),
    _detector("phone", "digits", rf"{_NUMBER_ALONE}(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{{4}}{_NUMBER_END}"),
    _detector("phone", "digits", rf"{_NUMBER_ALONE}\([1-9]\d\) ?9?\d{{4}}-\d{{4}}{_NUMBER_END}"),
)  # fmt: skip
"""Tried in this order; what an earlier one took, a later one does not see."""
