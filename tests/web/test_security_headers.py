"""What every response tells a browser to refuse."""

import pytest
from django.test import Client

from tests.web.cast import sign_in


@pytest.mark.parametrize(
    "path", ["/inbox/", "/account/", "/no-such-page", "/live/inbox/", "/healthz", "/admin/"]
)
def test_every_response_keeps_other_sites_and_the_devices_out(people: None, path: str) -> None:
    for client in (sign_in("admin"), Client()):
        headers = client.get(path).headers
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
