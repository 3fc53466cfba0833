"""Short-lived tokens that stand in for the key in a URL, where a browser can send no header.

`<seconds since 1970>.<signature>`: the time at which it expires, signed with the key.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

LIFETIME = timedelta(minutes=5)
"""How long a token may begin an answer."""


def issue_token(now: datetime, *, key: str) -> tuple[str, datetime]:
    """Make a token; gives it and the time at which it expires, a whole second."""
    expiry = int((now + LIFETIME).timestamp())
    return f"{expiry}.{_sign(str(expiry), key)}", datetime.fromtimestamp(expiry, UTC)


def read_token(token: str, *, key: str) -> datetime | None:
    """The time at which a token expires; None when it was not made with this key."""
    expiry, _, signature = token.partition(".")
    if not hmac.compare_digest(signature.encode(), _sign(expiry, key).encode()):
        return None
    return datetime.fromtimestamp(int(expiry), UTC) if expiry.isdecimal() else None


def _sign(expiry: str, key: str) -> str:
    # Named, so that no signature made for another purpose fits.
    return hmac.new(key.encode(), f"stream-token {expiry}".encode(), "sha256").hexdigest()
