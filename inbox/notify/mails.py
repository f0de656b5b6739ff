"""Sending emails through the server in ``EMAIL_URL``."""

import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.views.decorators.debug import sensitive_variables

from inbox.notify import messages

LONGEST = 200
"""How many characters of the server's answer are shown."""


@dataclass(frozen=True)
class Mail:
    to: tuple[str, ...]
    subject: str
    text: str = field(repr=False)
    html: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class NotSent(messages.NotSent):
    def __init__(self, error: OSError) -> None:
        # What is logged: the server's answer may contain an address.
        refused = 500 <= _code(error) < 600
        super().__init__(type(error).__name__, said=_said(error), refused=refused)


def send(mail: Mail) -> None:
    """Raises ``NotSent``."""
    [failed] = send_all([mail])
    if failed is not None:
        raise failed


@sensitive_variables("mails")
def send_all(mails: Sequence[Mail]) -> list[NotSent | None]:
    """Uses one connection. Returns, for each, why it was not sent."""
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:  # smtplib's errors too
        return [NotSent(error) for _ in mails]
    try:
        return [_send(mail, connection) for mail in mails]
    finally:
        connection.close()


@sensitive_variables("mail", "message")
def _send(mail: Mail, connection: BaseEmailBackend) -> NotSent | None:
    message = EmailMultiAlternatives(
        mail.subject,
        mail.text,
        to=mail.to,
        headers={"Auto-Submitted": "auto-generated", **mail.headers},
        connection=connection,
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    try:
        message.send()
    except OSError as error:
        return NotSent(error)
    return None


def _code(error: OSError) -> int:
    match error:
        case smtplib.SMTPRecipientsRefused():
            return next(iter(error.recipients.values()))[0]
        case smtplib.SMTPAuthenticationError():
            return 0  # the settings are wrong, not the mail
        case smtplib.SMTPResponseException():
            return error.smtp_code
        case _:
            return 0


def _said(error: OSError) -> str:
    text: bytes | str
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, text = next(iter(error.recipients.values()))
        case smtplib.SMTPResponseException():
            code, text = error.smtp_code, error.smtp_error
        case _:
            return ""
    words = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    line = " ".join(f"{code} {words}".split())
    return "".join(character for character in line if character.isprintable())[:LONGEST]
