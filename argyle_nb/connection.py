"""`connect`: credentials found -> Argyle; none -> the local sandbox. It says which."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from argyle_nb.client.client import Client
from argyle_nb.config import (
    LOCAL,
    LOCAL_SANDBOX,
    NOT_GIVEN,
    Secret,
    Settings,
    base_url_of,
    find_settings,
    given_key,
    secret_argument,
    variable,
)
from argyle_nb.errors import ConfigurationError
from argyle_nb.platforms import data_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from argyle_nb.config import NotGiven
    from argyle_nb.sandbox import Sandbox

_running: dict[Path, Sandbox] = {}


def connect(
    api_key_id: str | NotGiven = NOT_GIVEN,
    api_key_secret: str | NotGiven = NOT_GIVEN,
    *,
    environment: str | None = None,
    profile: str | None = None,
    sandbox_folder: Path | str | None = None,
) -> Client:
    """Connect to Argyle, or to a local sandbox where there are no credentials.

    Credentials are read from the first of these that is set: the arguments, ``ARGYLE_API_KEY_ID``
    and ``ARGYLE_API_KEY_SECRET``, the file that `login` writes. One line is printed: the
    environment and the source of the credentials, never a part of the key.

    Parameters
    ----------
    api_key_id, api_key_secret
        Both, or neither. ``None`` or an empty text is an error: a variable that is not set must
        not lead to another key, or to the local sandbox.
    environment
        ``"sandbox"``, ``"production"``, a URL, or ``"local"`` to use the local sandbox even if
        credentials are set. Production is used only where it is named: here, in
        ``ARGYLE_ENVIRONMENT``, or in the profile.
    profile
        A profile in the credentials file.
    sandbox_folder
        Where the local sandbox keeps its documents; by default ``sandbox`` in the data folder, on
        Linux ``~/.local/share/argyle_nb``. Naming a folder asks for the local sandbox. Several
        notebooks may use one.

    Returns
    -------
    Client
        Ready to use.

    Raises
    ------
    ConfigurationError
        Incomplete or empty credentials, an unsafe file, or an environment named without
        credentials.

    Examples
    --------
    >>> client = connect(environment="local", sandbox_folder=folder)  # doctest: +ELLIPSIS
    argyle_nb: connected to the local sandbox at http://127.0.0.1:...
    """
    api_key_id, api_key_secret = secret_argument(api_key_id), secret_argument(api_key_secret)
    key_id = given_key("api_key_id", api_key_id)
    secret = given_key("api_key_secret", api_key_secret)
    if sandbox_folder is not None:
        environment = environment or LOCAL
        if environment != LOCAL:
            raise ConfigurationError(
                f"sandbox_folder works only with environment='local', not {environment!r}. Remove "
                "one of them."
            )
    if environment == LOCAL and (key_id or secret or profile):
        raise ConfigurationError("Environment 'local' takes no credentials. Leave them out.")
    settings = (
        None if environment == LOCAL else _argyle_settings(key_id, secret, environment, profile)
    )
    if settings is None:
        return _connect_locally(sandbox_folder, asked=environment == LOCAL)
    print(
        f"argyle_nb: connected to Argyle {settings.environment} at {settings.base_url} "
        f"(credentials from {settings.source})."
    )
    return Client.from_settings(settings)


def stop_sandbox(folder: Path | str) -> None:
    """Stop the local sandbox of a folder, if this process runs one; its documents stay."""
    sandbox = _running.pop(_resolved(folder), None)
    if sandbox is not None:
        sandbox.stop()


def serve_sandbox(arguments: Sequence[str]) -> int:
    """Run a local sandbox by itself until it is told to stop."""
    from argyle_nb.sandbox.__main__ import serve  # noqa: PLC0415 - as in `_sandbox`

    return serve(arguments)


def _argyle_settings(
    api_key_id: str | None, secret: str | None, environment: str | None, profile: str | None
) -> Settings | None:
    named = environment or (None if profile else variable("ARGYLE_ENVIRONMENT"))
    if named == LOCAL and not (api_key_id or secret or profile):
        return None
    pair = (part or NOT_GIVEN for part in (api_key_id, secret))
    settings = find_settings(*pair, environment=environment, profile=profile)
    if settings is None and named:
        base_url_of(named)  # an unknown name is the first thing to fix
        raise ConfigurationError(
            f"No credentials found for environment {named!r}. Set ARGYLE_API_KEY_ID and "
            "ARGYLE_API_KEY_SECRET, or run anb.login()."
        )
    return settings


def _connect_locally(folder: Path | str | None, *, asked: bool) -> Client:
    sandbox = _sandbox(Path(folder) if folder else data_path("sandbox"))
    settings = Settings(
        base_url=sandbox.url,
        environment=LOCAL,
        api_key_id=sandbox.api_key_id,
        api_key_secret=Secret(sandbox.api_key_secret),
        source="the local sandbox",
        store=f"{LOCAL_SANDBOX} {sandbox.id}",
    )
    why = "" if asked else "no credentials found; "
    print(
        f"argyle_nb: connected to the local sandbox at {sandbox.url} "
        f"({why}documents in {_shown(sandbox.folder)}). Scores are simulated, not from Ocrolus."
    )
    return Client.from_settings(settings)


def _shown(folder: Path) -> str:
    """Shorten the home folder, whose name is often a person's."""
    home = Path.home()
    return f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) else str(folder)


def _sandbox(folder: Path) -> Sandbox:
    # The server's libraries load only where it is needed.
    from argyle_nb.sandbox import Sandbox  # noqa: PLC0415

    where = _resolved(folder)
    if where not in _running:
        _running[where] = Sandbox(where).start()
    return _running[where]


def _resolved(folder: Path | str) -> Path:
    return Path(folder).expanduser().resolve()
