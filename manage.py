#!/usr/bin/env python3
import os
import sys

from django.core.management import execute_from_command_line
from django.db import DatabaseError, InterfaceError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewer_site.settings")
    try:
        execute_from_command_line(sys.argv)
    except (DatabaseError, InterfaceError, OSError) as error:
        # Imported here, since it needs the settings.
        from inbox.management.preparing import reason_of_outage  # noqa: PLC0415

        if reason := reason_of_outage(error):
            sys.exit(reason)
        raise


if __name__ == "__main__":
    main()
