from django.core.cache import cache

from inbox.models import CacheEntry


def test_it_is_in_the_database(db: None) -> None:
    cache.set("used-code", ["123456"], 60)
    assert cache.get("used-code") == ["123456"]
    assert not cache.add("used-code", [], 60)
    [entry] = CacheEntry.objects.all()
    assert entry.cache_key.endswith("used-code")
