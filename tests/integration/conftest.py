"""What integration tests of services share: the issuer that signs their tokens."""

import pytest
from joserfc.jwk import RSAKey

from tests.integration.in_process import KEY_ID


@pytest.fixture(scope="session")
def issuer() -> RSAKey:
    """The issuer's key; made once, since making it takes a while."""
    return RSAKey.generate_key(2048, {"kid": KEY_ID})
