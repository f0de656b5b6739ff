"""``manage.py`` under the settings of an installation in front of a real Mobius."""

import os
import sys
import tempfile

from cryptography.fernet import Fernet
from django.core.management import execute_from_command_line

with tempfile.TemporaryDirectory() as folder:
    os.environ.update(
        DJANGO_SETTINGS_MODULE="reviewer_site.settings",
        DATA_DIR=folder,
        DEBUG="off",
        SECRET_KEY="kept-in-a-vault-" * 4,
        CREDENTIAL_KEYS=Fernet.generate_key().decode(),
        PUBLIC_URL="https://inbox.example.com",
        HSTS_SUBDOMAINS="on",
        HSTS_PRELOAD="on",
        MOBIUS_BASE_URL="https://mobius.example.com",
        MOBIUS_API_KEY="mbx_of_the_installation",
        MOBIUS_PROJECT="production",
    )
    execute_from_command_line(["manage.py", *sys.argv[1:]])
