"""Check digits of numbers that name a person or an account.

Each function takes the number as it was written, separators and all, and says whether it can be real. They keep
article numbers, prices and bar codes apart from personal numbers.
"""

from __future__ import annotations

from datetime import date
from ipaddress import AddressValueError, IPv4Address, IPv6Address

__all__ = [
    "is_bank_card",
    "is_chinese_id",
    "is_codice_fiscale",
    "is_cpf",
    "is_dni",
    "is_hong_kong_id",
    "is_iban",
    "is_ip_address",
    "is_my_number",
    "is_nir",
    "is_rrn",
    "is_taiwan_id",
]

_CHINESE_PROVINCES = frozenset(
    (11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62,
     63, 64, 65, 71, 81, 82, 83, 91)
)  # fmt: skip
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_NIE_LEADERS = str.maketrans("XYZ", "012")
_CODICE_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21,
         2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)  # fmt: skip
_IBAN_COUNTRIES = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
    "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
    "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 "
    "SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
_IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBAN_COUNTRIES.split()}
_TAIWAN_AREAS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
_CARD_ISSUERS = (
    (2221, 2720, (16,)), (3400, 3499, (15,)), (3528, 3589, (16,)), (3600, 3699, (14,)), (3700, 3799, (15,)),
    (4000, 4999, (16,)), (5100, 5599, (16,)), (6011, 6011, (16,)), (6200, 6299, (16, 17, 18, 19)), (6440, 6599, (16,)),
)  # fmt: skip


def _plain(written: str) -> str:
    return "".join(character for character in written if character.isalnum()).upper()


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def is_chinese_id(written: str) -> bool:
    """Check a resident id: 18 digits by ISO 7064 MOD 11-2 (GB 11643), 15 digits by province and date."""
    number = _plain(written)
    if int(number[:2]) not in _CHINESE_PROVINCES:
        return False
    if len(number) == 15:
        return _is_date("19" + number[6:8], number[8:10], number[10:12])
    weighed = sum(int(digit) * pow(2, 17 - i, 11) for i, digit in enumerate(number[:17]))
    return "10X98765432"[weighed % 11] == number[17] and _is_date(number[6:10], number[10:12], number[12:14])


def is_dni(written: str) -> bool:
    """Check a Spanish DNI or NIE: the letter follows from the number modulo 23; a date is none."""
    number = _plain(written)
    if number[0].isdigit() and number[:2] in {"19", "20"} and _is_date(number[:4], number[4:6], number[6:8]):
        return False
    return _DNI_LETTERS[int(number[:-1].translate(_NIE_LEADERS)) % 23] == number[-1]


def is_codice_fiscale(written: str) -> bool:
    """Check the last letter of an Italian codice fiscale."""
    number = _plain(written)
    total = sum(
        _CODICE_ODD[character] if i % 2 == 0 else int(character, 36) - (0 if character.isdigit() else 10)
        for i, character in enumerate(number[:15])
    )
    return chr(ord("A") + total % 26) == number[15]


def is_cpf(written: str) -> bool:
    """Check both check digits of a Brazilian CPF."""
    digits = [int(digit) for digit in _plain(written)]
    if len(set(digits)) == 1:
        return False
    return all(
        sum(digit * (n + 1 - i) for i, digit in enumerate(digits[:n])) * 10 % 11 % 10 == digits[n]
        for n in (9, 10)
    )


def is_nir(written: str) -> bool:
    """Check the key of a French social security number (13 characters and 97 minus their remainder)."""
    number = _plain(written).replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number[:13]) % 97 == int(number[13:])


def is_rrn(written: str) -> bool:
    """Check a Korean resident number: its date, and without a hyphen also its check digit.

    Numbers given since October 2020 have no check digit, so the hyphen has to do.
    """
    number = _plain(written)
    century = {"1": "19", "2": "19", "5": "19", "6": "19"}.get(number[6], "20")
    if not _is_date(century + number[:2], number[2:4], number[4:6]):
        return False
    if len(written) > 13:
        return True
    weighed = sum(
        int(digit) * weight
        for digit, weight in zip(number, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=False)
    )
    return (11 - weighed % 11) % 10 == int(number[12])


def is_my_number(written: str) -> bool:
    """Check the check digit of a Japanese individual number."""
    number = _plain(written)
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    remainder = sum(int(digit) * weight for digit, weight in zip(number[:11], weights, strict=True)) % 11
    return (0 if remainder <= 1 else 11 - remainder) == int(number[11])


def is_hong_kong_id(written: str) -> bool:
    """Check the digit in brackets of a Hong Kong identity card."""
    number = _plain(written).rjust(9)
    values = [36 if character == " " else int(character, 36) for character in number]
    return sum(value * weight for value, weight in zip(values, range(9, 0, -1), strict=True)) % 11 == 0


def is_taiwan_id(written: str) -> bool:
    """Check the last digit of a Taiwanese national id."""
    number = _plain(written)
    area = _TAIWAN_AREAS.index(number[0]) + 10
    digits = [area // 10, area % 10, *(int(digit) for digit in number[1:])]
    return (
        sum(digit * weight for digit, weight in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True))
        % 10
        == 0
    )


def is_bank_card(written: str) -> bool:
    """Check a card number by issuer, length and Luhn's formula (ISO/IEC 7812); bar codes have other lengths."""
    number = _plain(written)
    issuer = int(number[:4])
    if not any(low <= issuer <= high and len(number) in lengths for low, high, lengths in _CARD_ISSUERS):
        return False
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in number[-2::-2])
    return (sum(int(digit) for digit in number[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(written: str) -> bool:
    """Check an IBAN by its country's length and ISO 7064 MOD 97-10 (ISO 13616)."""
    number = _plain(written)
    if len(number) != _IBAN_LENGTHS.get(number[:2]):
        return False
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1


def is_ip_address(written: str) -> bool:
    """Check an IPv4 or IPv6 address."""
    try:
        if ":" in written:
            return len(written) > 6 and bool(IPv6Address(written))
        return bool(IPv4Address(written))
    except AddressValueError:
        return False
