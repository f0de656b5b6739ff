from collections.abc import Iterator

import pytest

from tests.support.databases import environment
from tests.support.product import Product


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Started once for all tests of this folder; each asks questions of its own."""
    folder = tmp_path_factory.mktemp("product")
    product = Product(folder, environment(folder, "web", installed=True))
    product.start()
    yield product
    product.stop()
