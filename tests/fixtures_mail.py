from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from reviewer_site.environment import email
from tests.support import ports
from tests.support.mailbox import Mailbox


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    mailbox = Mailbox()

    def check(*arguments: Any) -> AuthResult:
        given = arguments[-1]
        right = (given.login, given.password) == (b"inbox", b"pass word")
        return AuthResult(success=right, handled=False)

    with ports.reserve() as reserved:
        server = Controller(
            mailbox,
            hostname="127.0.0.1",
            port=reserved.getsockname()[1],
            authenticator=check,
            auth_required=True,
            auth_require_tls=False,
            ready_timeout=60,
        )
        server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.SENDS_MAIL = True
    for name, value in email(f"smtp://inbox:pass%20word@127.0.0.1:{server.port}").items():
        setattr(settings, name, value)
    yield mailbox
    server.stop()
