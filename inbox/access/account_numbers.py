"""Recognising the numbers of payment cards and bank accounts."""

import re

MASK = "•••"
"""Stands in place of a secret, in pages and exports alike."""

_CARD = re.compile(r"[0-9](?:[ \u00a0-]?[0-9]){12,18}")
_ISSUERS = re.compile(
    r"4"  # Visa
    r"|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"  # Mastercard
    r"|3[47]"  # American Express
    r"|30[0-5]|3095|3[689]"  # Diners Club
    r"|35(?:2[89]|[3-8])"  # JCB
    r"|6011|64[4-9]|65|62"  # Discover, UnionPay
    r"|50(?:18|20|38)|5893|6304|67(?:59|6[1-3])"  # Maestro
    r"|220[0-4]"  # Mir
)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_IBAN_START = re.compile(r"\b[A-Z]{2}[0-9]{2}")
_IBAN_LENGTHS = """
    AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18
    DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23
    IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27
    MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19
    SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
"""
_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBAN_LENGTHS.split()}
_LONGEST = 60


def is_account_number(text: str) -> bool:
    """The digits may be in groups."""
    if len(text) > _LONGEST:
        return False
    text = text.strip()
    return _is_card(text) or _is_iban(text)


def without_account_numbers(text: str) -> str:
    """``text`` with ``MASK`` in place of each card or bank account number inside it."""
    text = _CARD.sub(lambda found: MASK if _is_card(found[0]) else found[0], text)
    for start in reversed([found.start() for found in _IBAN_START.finditer(text)]):
        rest = _LENGTHS.get(text[start : start + 2], 0) - 4
        found = re.compile(rf"[A-Z0-9]{{4}}(?:[ \u00a0]?[A-Z0-9]){{{rest}}}\b").match(text, start)
        if rest > 0 and found and _is_iban(found[0]):
            text = text[:start] + MASK + text[found.end() :]
    return text


def _is_card(text: str) -> bool:
    if not _CARD.fullmatch(text):
        return False
    digits = re.sub(r"[^0-9]", "", text)
    return _ISSUERS.match(digits) is not None and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    packed = "".join(text.split()).upper()
    if not _IBAN.fullmatch(packed) or _LENGTHS.get(packed[:2]) != len(packed):
        return False
    return int("".join(str(int(character, 36)) for character in packed[4:] + packed[:4])) % 97 == 1
