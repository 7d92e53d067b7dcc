"""Whom to talk to, and as whom: environments, credentials and the file that keeps them."""

from __future__ import annotations

import getpass
import os
import re
import ssl
import tomllib
import warnings
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import urlsplit

import tomli_w

from argyle_nb.errors import ConfigurationError
from argyle_nb.platforms import credentials_path, is_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Profiles = dict[str, dict[str, str]]

T = TypeVar("T")

ENVIRONMENTS = {
    "sandbox": "https://api-sandbox.argyle.com",
    "production": "https://api.argyle.com",
}
LOCAL = "local"
LOCAL_SANDBOX = "local sandbox"  # begins the name of its store, behind which is its ID
LOCAL_KEY_PREFIX = "sbx_local_"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})

# The usual variables for a company's own certificates, the first that is set counts.
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")

_DEFAULT_PORTS = {"http": 80, "https": 443}
# What a socket can be opened to, read alike by every parser of URLs.
HOST = re.compile(r"[a-z0-9_][a-z0-9._-]*|[0-9a-f:.]*:[0-9a-f:.]*")
# A profile's fields that begin so are secret.
_KEY_PREFIX = "api_key"
_PAIR = ("api_key_id", "api_key_secret")
_PAIR_OF_VARIABLES = ("ARGYLE_API_KEY_ID", "ARGYLE_API_KEY_SECRET")


class NotGiven(Enum):
    """An argument that was left out: ``None`` is what a variable gives that is not set."""

    NOT_GIVEN = "left out"

    def __repr__(self) -> str:
        return "<left out>"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN


class SecretStr(str):
    """A key's text, or a part of a key, that does not show itself where variables are shown.

    Some tracebacks print the arguments and variables of every call; notebooks keep them.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "<key>"


class Secret:
    """A secret that neither prints nor pickles itself."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> str:
        raise TypeError("Secrets can't be pickled. Connect again where the client is needed.")

    def reveal(self) -> str:
        """Give the secret itself; only the transport asks."""
        return self._text


@dataclass(frozen=True)
class Settings:
    """Where requests go and as whom.

    Parameters
    ----------
    base_url
        Scheme, host and port, without a path.
    environment
        ``"sandbox"``, ``"production"``, ``"local"`` or the base URL itself.
    api_key_id
        The key's id; left out of the representation.
    api_key_secret
        The key's secret.
    source
        Where the credentials were found, in words.
    store
        Names the documents behind the address where they outlive it: a local sandbox has another
        port and key at each start.
    """

    base_url: str
    environment: str
    api_key_id: str = field(repr=False)
    api_key_secret: Secret = field(repr=False)
    source: str
    store: str | None = None

    @property
    def log_scope(self) -> str:
        """Where these uploads are, so that two environments are never mixed in one upload log.

        The key has no part in it: a new key of the same account must not send everything again,
        and users of another account have other ids.
        """
        return self.store or self.base_url

    def __post_init__(self) -> None:
        base_url_of(self.base_url)
        _check_key_text("api_key_id", self.api_key_id)
        _check_key_text("api_key_secret", self.api_key_secret.reveal())
        if self.api_key_id.startswith(LOCAL_KEY_PREFIX) and not is_loopback(self.base_url):
            raise ConfigurationError(
                f"API keys of the local sandbox are never sent to {self.base_url}. Use a key of "
                "that environment."
            )


def is_loopback(url: str) -> bool:
    """Tell whether a URL's host is this machine, by its name alone."""
    return urlsplit(url).hostname in LOOPBACK_HOSTS


def base_url_of(environment: str) -> str:
    """Turn an environment's name or a URL into a base URL."""
    if environment in ENVIRONMENTS:
        return ENVIRONMENTS[environment]
    if environment == LOCAL:
        raise ConfigurationError(
            "The local sandbox makes its own API key. Use anb.connect(environment='local') without "
            "one."
        )
    scheme, host, port, rest = _address(environment)
    if rest:
        raise ConfigurationError(
            f"{host}: the address has more than scheme, host and port. Leave out user, password, "
            "path and query."
        )
    if scheme == "http" and host not in LOOPBACK_HOSTS:
        raise ConfigurationError(
            f"http://{host} would send your API key unencrypted. Use https (http is allowed only "
            "on this computer, such as 127.0.0.1)."
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port else "")


def _address(url: str) -> tuple[str, str, int | None, bool]:
    """Scheme, host, port unless it is the scheme's own, and whether the URL holds more."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not HOST.fullmatch(host) or parts.scheme not in _DEFAULT_PORTS or not url.isprintable():
        # What stands before an @ may be a secret.
        raise ConfigurationError(
            f"Unknown environment {url.rpartition('@')[2][:40]!r}. Use 'sandbox', 'production', "
            "'local' or a URL such as https://api.example.com."
        )
    more = "@" in url or parts.query or parts.fragment or parts.path not in ("", "/")
    return parts.scheme, host, None if port == _DEFAULT_PORTS[parts.scheme] else port, bool(more)


def make_settings(
    api_key_id: str, api_key_secret: str, environment: str = "sandbox", source: str = "arguments"
) -> Settings:
    """Build checked `Settings` from one pair of credentials."""
    api_key_id, api_key_secret = secret_argument(api_key_id), secret_argument(api_key_secret)
    api_key_id = key_text("api_key_id", api_key_id)
    api_key_secret = key_text("api_key_secret", api_key_secret)
    return Settings(
        base_url=base_url_of(environment),
        environment=environment,
        api_key_id=api_key_id,
        api_key_secret=Secret(api_key_secret),
        source=source,
    )


def _check_key_text(name: str, text: str) -> None:
    if not text or not (text.isascii() and text.isprintable()) or " " in text:
        raise ConfigurationError(
            f"{name} must be printable ASCII without spaces. Copy it again from Argyle Console."
        )
    if name == "api_key_id" and ":" in text:
        raise ConfigurationError(
            "api_key_id must not contain a colon. Copy it again from Argyle Console."
        )


def find_settings(
    api_key_id: str | NotGiven | None = NOT_GIVEN,
    api_key_secret: str | NotGiven | None = NOT_GIVEN,
    *,
    environment: str | None = None,
    profile: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings | None:
    """Look for credentials: arguments, then environment variables, then the profile file.

    Half a pair is an error wherever it is found, and so is what is there but empty: it must not
    lead to another key than the one that was meant. A named profile is the only one looked at.
    Production is used only where ``environment``, ``ARGYLE_ENVIRONMENT`` or the profile names it.
    """
    api_key_id, api_key_secret = secret_argument(api_key_id), secret_argument(api_key_secret)
    _check_named(environment, profile)
    arguments = [given_key(*item) for item in zip(_PAIR, (api_key_id, api_key_secret), strict=True)]
    wanted = environment or (None if profile else variable("ARGYLE_ENVIRONMENT", environ))
    if any(arguments):
        if profile:
            raise ConfigurationError("Both a key and a profile were given. Pass only one of them.")
        pair = _whole_pair(arguments, _PAIR, "the arguments", "Pass both")
        return make_settings(*pair, wanted or "sandbox", "the arguments")
    if profile is None:
        variables = [secret_str(variable(name, environ)) for name in _PAIR_OF_VARIABLES]
        if any(variables):
            pair = _whole_pair(variables, _PAIR_OF_VARIABLES, "environment variables", "Set both")
            return make_settings(*pair, wanted or "sandbox", "environment variables")
    return _settings_of_profile(profile, wanted)


def _check_named(environment: str | None, profile: str | None) -> None:
    for name, text, cure in (
        ("environment", environment, "'sandbox', 'production', 'local' or a URL"),
        ("profile", profile, "the name of a saved profile"),
    ):
        if text is not None and not text.strip():
            raise ConfigurationError(f"{name} is empty. Use {cure}, or leave it out.")


def secret_argument(text: T) -> T:
    """Give an argument in a form that tracebacks do not print, and anything but a text as it is."""
    return cast("T", SecretStr(text)) if isinstance(text, str) else text


def given_key(name: str, text: str | NotGiven | None) -> str | None:
    """Give an argument's text as `key_text` does; ``None`` where the argument was left out."""
    if isinstance(text, NotGiven):
        return None
    return key_text(
        name,
        text,
        f", or leave out {' and '.join(_PAIR)} to use environment variables or a profile",
    )


def key_text(name: str, text: object, otherwise: str = "") -> str:
    """Give a part of a key in a form that tracebacks do not print, if there is one."""
    if isinstance(text, str) and text.strip():
        return SecretStr(text)
    is_what = "empty" if isinstance(text, str) else "None" if text is None else "not a text"
    raise ConfigurationError(
        f"{name} is {is_what}. Pass the text from Argyle Console (if it comes from a variable, "
        f"check that the variable is set){otherwise}."
    )


def variable(name: str, environ: Mapping[str, str] | None = None) -> str | None:
    """Give an environment variable; one that is set but empty is somebody's mistake."""
    text = (os.environ if environ is None else environ).get(name)
    if text is not None and not text.strip():
        raise ConfigurationError(
            f"The environment variable {name} is set but empty. Set it to a value, or unset it."
        )
    return text


def _settings_of_profile(profile: str | None, environment: str | None) -> Settings | None:
    path = credentials_path()
    profiles = read_profiles(path)
    name = profile or "default"
    if name not in profiles:
        if profile is None:
            return None
        known = ", ".join(sorted(profiles)) or "none"
        raise ConfigurationError(
            f"{path}: no profile {name!r} (found: {known}). Run anb.login({name!r})."
        )
    table = profiles[name]
    where, cure = f"profile {name!r} of {path}", f"Run anb.login({name!r}) to save both"
    for field_name in (*_PAIR, "environment"):
        if not table.get(field_name, "x").strip():
            raise ConfigurationError(f"{where}: {field_name} is empty. {cure} parts of the key.")
    pair = _whole_pair([table.get(part) for part in _PAIR], _PAIR, where, cure)
    return make_settings(*pair, environment or table.get("environment", "sandbox"), where)


def _whole_pair(
    pair: Sequence[str | None], names: tuple[str, str], where: str, cure: str
) -> tuple[str, str]:
    missing = [name for name, text in zip(names, pair, strict=True) if not text]
    if missing:
        what = f"{missing[0]} is" if len(missing) == 1 else f"{' and '.join(missing)} are"
        raise ConfigurationError(
            f"Incomplete credentials in {where}: {what} missing. {cure} parts of the key."
        )
    return cast("tuple[str, str]", tuple(pair))


def secret_str(text: str | None) -> str | None:
    """Give a key's text in a form that tracebacks do not print."""
    return text and SecretStr(text)


def ca_bundle() -> str | None:
    """Give the file of certificates that the environment variables name, if any."""
    for name in CA_VARIABLES:
        if path := os.environ.get(name):
            try:
                if not Path(path).is_dir():
                    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
            except OSError:
                raise ConfigurationError(
                    f"{name} points to {path}, which is not a certificate file. Correct it or "
                    "unset the variable."
                ) from None
            return path
    return None


def login(profile: str = "default", environment: str = "sandbox") -> Path:
    """Ask for an API key and save it in the credentials file, readable by its owner only.

    The input is read with getpass, so it never enters a notebook's output or widget state.

    Parameters
    ----------
    profile
        The profile to write; other profiles stay as they are.
    environment
        ``"sandbox"``, ``"production"`` or a URL; saved with the key.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigurationError
        An empty or impossible answer, an unknown environment, or an unsafe file.

    Examples
    --------
    >>> login(environment="production")  # doctest: +SKIP
    """
    base_url_of(environment)
    if not profile or not profile.isprintable():
        raise ConfigurationError(f"{profile!r} can't name a profile. Use printable text.")
    path = credentials_path()
    profiles = read_profiles(path)
    answers = [_ask(f"Argyle API key ID ({environment}): "), _ask("Argyle API key secret: ")]
    pair = _whole_pair(answers, _PAIR, "the answers", "Enter both")
    make_settings(*pair, environment)
    profiles[profile] = {
        "api_key_id": pair[0],
        "api_key_secret": pair[1],
        "environment": environment,
    }
    write_profiles(path, profiles)
    return path


def _ask(question: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            # Called by its full name: a notebook's kernel puts its own in that place.
            return SecretStr(getpass.getpass(question).strip())
        except (getpass.GetPassWarning, EOFError):
            raise ConfigurationError(
                "Can't prompt for the key without echoing it here. Run anb.login() in a notebook "
                "or terminal, or set ARGYLE_API_KEY_ID and ARGYLE_API_KEY_SECRET."
            ) from None


def read_profiles(path: Path) -> Profiles:
    """Read all profiles; none when there is no file, and a refusal when others may read it."""
    try:
        _check_private(path)
        profiles = {name: _with_secret_keys(table) for name, table in _tables_in(path).items()}
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        # The parser's message quotes the file, which holds a secret.
        raise ConfigurationError(
            f"{path} is not readable as TOML. Fix it, or delete it and run anb.login()."
        ) from None
    for name, table in profiles.items():
        if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
            raise ConfigurationError(
                f"{path}: [{name}] must be a table of texts. Run anb.login({name!r})."
            )
    return profiles


def _tables_in(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _with_secret_keys(table: Any) -> Any:
    """Give a profile whose keys do not show themselves; what is no profile shows nothing."""
    if not isinstance(table, dict):
        return None
    return {
        name: SecretStr(text) if isinstance(text, str) and name.startswith(_KEY_PREFIX) else text
        for name, text in table.items()
    }


def _check_private(path: Path) -> None:
    if not is_private(path):
        raise ConfigurationError(
            f"{path} is readable by other users, or is not yours. Run as its owner: "
            f"chmod 600 {path}"
        )


def write_profiles(path: Path, profiles: Mapping[str, Mapping[str, str]]) -> None:
    """Write all profiles, for their owner alone."""
    from argyle_nb.storage import atomic_write  # noqa: PLC0415 - pandas comes with it

    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with atomic_write(path) as file:
            # Not `tomli_w.dump`: where a write fails, its variables hold parts of a key.
            file.write(tomli_w.dumps(profiles).encode())
    except OSError as error:
        raise ConfigurationError(
            f"{path}: can't write the file ({error.strerror}). Check permissions and free space."
        ) from None
