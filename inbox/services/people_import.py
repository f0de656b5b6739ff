"""People from a CSV file: ``name,full_name,mobius_id,role,admin``."""

import csv
import io

from inbox.services.people import Person, Role

COLUMNS = ("name", "full_name", "mobius_id", "role", "admin")
NEEDED = ("name", "mobius_id")
MOST = 200
YES, NO = ("yes", "true", "on", "1", "x"), ("", "no", "false", "off", "0")


class Unreadable(ValueError):
    """The file cannot be read; ``str()`` of it says why, with the number of the line."""


def read(content: bytes) -> list[Person]:
    """The people in the file. Raises ``Unreadable``."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("The file isn't UTF-8 text. Save it as CSV in UTF-8.") from None
    header = text.partition("\n")[0]
    # What a spreadsheet writes where the comma is the decimal sign.
    delimiter = ";" if ";" in header and "," not in header else ","
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter, restkey="", strict=True)
    try:
        names = [name.strip().lower() for name in rows.fieldnames or ()]
        if missing := [name for name in NEEDED if name not in names]:
            raise Unreadable(
                f"Line 1 must contain the columns {','.join(COLUMNS)}; {missing[0]} is missing."
            )
        if unknown := [name for name in names if name not in COLUMNS]:
            raise Unreadable(f"Line 1 has an unknown column: {unknown[0] or '(empty)'}.")
        rows.fieldnames = names
        people = [_person(row, rows.line_num) for row in rows]
    except csv.Error as error:
        raise Unreadable(f"Line {rows.line_num} isn't valid CSV: {error}.") from None
    if not people:
        raise Unreadable("The file has no people in it.")
    if len(people) > MOST:
        raise Unreadable(f"The file has more than {MOST} people. Split it into smaller files.")
    return people


def _person(row: dict[str, str | None], line: int) -> Person:
    if "" in row:
        raise Unreadable(f"Line {line} has more values than columns.")
    said = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if not said["name"]:
        raise Unreadable(f"Line {line} has no name.")
    role, admin = said["role"].lower(), said["admin"].lower()
    if role and role not in list(Role):
        raise Unreadable(f"Line {line}: the role must be reviewer or lead, not {said['role']}.")
    if admin not in (*YES, *NO):
        raise Unreadable(f"Line {line}: admin must be yes or no, not {said['admin']}.")
    return Person(
        username=said["name"],
        mobius_id=said["mobius_id"],
        full_name=said["full_name"] or None,
        role=Role(role) if role else None,
        admin=admin in YES,
    )
