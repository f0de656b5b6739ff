"""People from a CSV file: ``name,full_name,email,mobius_id,role,admin``."""

import csv
import io
from enum import StrEnum

from inbox.people.accounts import Person, Role

COLUMNS = ("name", "full_name", "email", "mobius_id", "role", "admin")
REQUIRED = ("name", "mobius_id")
MAX_PEOPLE = 200
YES, NO = ("yes", "true", "on", "1", "x"), ("", "no", "false", "off", "0")


class Flaw(StrEnum):
    NOT_UTF8 = "not_utf8"
    NOT_CSV = "not_csv"
    COLUMN_MISSING = "column_missing"
    COLUMN_UNKNOWN = "column_unknown"
    NO_PEOPLE = "no_people"
    TOO_MANY_PEOPLE = "too_many_people"
    TOO_MANY_VALUES = "too_many_values"
    NO_NAME = "no_name"
    ROLE = "role"
    ADMIN = "admin"


class Unreadable(ValueError):
    """``value`` is the column, the value, or the parser's error."""

    def __init__(self, flaw: Flaw, *, line: int = 0, value: str = "") -> None:
        super().__init__(flaw)
        self.flaw, self.line, self.value = flaw, line, value


def read(content: bytes) -> list[Person]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(Flaw.NOT_UTF8) from None
    header = text.partition("\n")[0]
    # Spreadsheets use semicolons in locales where the comma is the decimal separator.
    delimiter = ";" if ";" in header and "," not in header else ","
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter, restkey="", strict=True)
    try:
        names = [name.strip().lower() for name in rows.fieldnames or ()]
        if missing := [name for name in REQUIRED if name not in names]:
            raise Unreadable(Flaw.COLUMN_MISSING, value=missing[0])
        if unknown := [name for name in names if name not in COLUMNS]:
            raise Unreadable(Flaw.COLUMN_UNKNOWN, value=unknown[0])
        rows.fieldnames = names
        people = [_person(row, rows.line_num) for row in rows]
    except csv.Error as error:
        raise Unreadable(Flaw.NOT_CSV, line=rows.line_num, value=str(error)) from None
    if not people:
        raise Unreadable(Flaw.NO_PEOPLE)
    if len(people) > MAX_PEOPLE:
        raise Unreadable(Flaw.TOO_MANY_PEOPLE)
    return people


def _person(row: dict[str, str | None], line: int) -> Person:
    if "" in row:
        raise Unreadable(Flaw.TOO_MANY_VALUES, line=line)
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if not values["name"]:
        raise Unreadable(Flaw.NO_NAME, line=line)
    role, admin = values["role"].lower(), values["admin"].lower()
    if role and role not in list(Role):
        raise Unreadable(Flaw.ROLE, line=line, value=values["role"])
    if admin not in (*YES, *NO):
        raise Unreadable(Flaw.ADMIN, line=line, value=values["admin"])
    return Person(
        username=values["name"],
        mobius_id=values["mobius_id"],
        full_name=values["full_name"] or None,
        email=values["email"] or None,
        role=Role(role) if role else None,
        admin=admin in YES,
    )
