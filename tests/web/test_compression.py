import gzip

from django.test import Client

GZIP = {"Accept-Encoding": "gzip"}


def test_a_page_is_compressed(tess: Client) -> None:
    page = tess.get("/inbox/", headers=GZIP)
    assert page.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in page.headers["Vary"]
    assert b"</html>" in gzip.decompress(page.content)


def test_the_length_of_a_compressed_page_reveals_nothing(tess: Client) -> None:
    """Random padding, so that a guess at a secret in the page cannot be checked by its size."""
    assert len({len(tess.get("/inbox/", headers=GZIP).content) for _ in range(8)}) > 1


def test_small_answers_downloads_and_streams_are_sent_as_they_are(tess: Client) -> None:
    for path in ("/freshness/", "/decisions/export.csv", "/live/inbox/"):
        answer = tess.get(path, headers=GZIP)
        assert answer.status_code == 200, path
        assert "Content-Encoding" not in answer.headers, path
