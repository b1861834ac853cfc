"""What went wrong at a store, in words: fsspec's libraries each raise errors of their own."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator

from ..errors import UsageError
from .url import Url, shown


class StoreError(OSError):
    """A store did not do what it was asked for; one line, with the URL in front.

    Attributes:
        reason: What happened, to be read after the URL.
    """

    def __init__(self, url: Url, reason: str) -> None:
        super().__init__(f"{shown(url)}: {reason}")
        self.reason = reason
        self.strerror = reason


class GoneError(StoreError, FileNotFoundError):
    """There is no such object, folder or bucket."""


class DeniedError(StoreError, PermissionError):
    """The store does not allow it."""


class ThereError(StoreError, FileExistsError):
    """Something is there that is not to be replaced."""


class UnreachableError(StoreError):
    """The store has not answered for a while, or has broken off its answers."""


_CREDENTIALS = {
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
    "TokenRefreshRequired", "InvalidSecurity", "RequestTimeTooSkewed", "AuthFailure",
}  # fmt: skip
"""Codes in answers of S3 that concern every request."""

_NO_CREDENTIALS = {
    # botocore's
    "NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "CredentialRetrievalError",
    "TokenRetrievalError", "SSOError", "ConfigParseError", "InvalidConfigError",
    # google-auth's
    "DefaultCredentialsError", "RefreshError",
    # azure-core's
    "ClientAuthenticationError",
}  # fmt: skip
"""Names of errors without an answer that concern every request."""

_DEFINITE = (
    FileNotFoundError, PermissionError, FileExistsError, IsADirectoryError, NotADirectoryError,
    NotImplementedError, TypeError, ValueError, LookupError, ImportError, AttributeError,
)  # fmt: skip
_DEFINITE_NUMBERS = (
    errno.EINVAL, errno.EPERM, errno.ENAMETOOLONG, errno.ENOSYS, errno.ENOTEMPTY, errno.EMSGSIZE,
    getattr(errno, "EREMCHG", errno.EINVAL),
)  # fmt: skip
_DEFINITE_NAMES = {"ParamValidationError", "InvalidEndpointDiscoveryConfigurationError"}
"""What a second try does not change; anything else may be the network, or a store's bad moment."""


def is_definite(error: Exception) -> bool:
    """Whether the same request would end in the same way."""
    if isinstance(error, (TimeoutError, asyncio.TimeoutError, ConnectionError)):
        return False
    if _names(error) & (_NO_CREDENTIALS | _DEFINITE_NAMES):
        return True
    status = _status(error)
    if status is not None:
        return 400 <= status < 500 and status not in (408, 425, 429)
    if isinstance(error, _DEFINITE):
        # An answer that cannot be decoded may have been broken off.
        return not isinstance(error, UnicodeDecodeError)
    return isinstance(error, OSError) and error.errno in _DEFINITE_NUMBERS


def in_words(error: Exception, url: Url) -> StoreError:
    """What to say of a definite error.

    Raises:
        UsageError: If it concerns every request: whose credentials are wrong.
    """
    codes = {_code(one) for one in _chain(error)}
    if codes & _CREDENTIALS or _names(error) & _NO_CREDENTIALS:
        raise UsageError(
            f"{shown(url)}: the store does not accept the credentials ({_text(error)}); set those "
            f"that belong to it, for {url.scheme}:// as its own tools expect them"
        ) from error
    if isinstance(error, FileNotFoundError):
        is_bucket = (
            "NoSuchBucket" in codes or "bucket does not exist" in str(error) or url.is_bucket
        )
        return GoneError(url, f"there is no such {'bucket' if is_bucket else 'object or folder'}")
    if isinstance(error, PermissionError) or _status(error) in (401, 403):
        return DeniedError(url, f"access is denied ({_text(error)})")
    if isinstance(error, FileExistsError) or "PreconditionFailed" in codes:
        return ThereError(url, "is there already")
    return StoreError(url, f"the store refuses it ({_text(error)})")


def unreachable(error: Exception, url: Url) -> UnreachableError:
    """What to say of an error that stayed, however often it was tried."""
    return UnreachableError(url, f"the store does not answer, or not to the end ({_text(error)})")


def _names(error: Exception) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _code(error: BaseException) -> str:
    """The code in an answer of S3."""
    response = getattr(error, "response", None)
    found = response.get("Error", {}) if isinstance(response, dict) else {}
    return str(found.get("Code", "")) if isinstance(found, dict) else ""


def _status(error: BaseException) -> int | None:
    """The HTTP status, where an error of gcsfs, adlfs or aiohttp has one."""
    for name in ("status", "code", "status_code"):
        found = getattr(error, name, None)
        if isinstance(found, int) or (isinstance(found, str) and found.isdecimal()):
            return int(found)
    return None


def _text(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    kind = type(error).__name__
    if isinstance(error, OSError) and error.errno is not None and error.strerror is None:
        return f"{kind} {error.errno}"
    return text[:300] if text else kind
