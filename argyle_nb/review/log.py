"""The review log: verdicts written down once in an SQLite file, or read from a CSV file."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from argyle_nb.errors import ConfigurationError, ValidationError
from argyle_nb.frames.columns import need_columns
from argyle_nb.platforms import is_on_network, log_path, make_private
from argyle_nb.storage import typed, writable, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator


VERDICTS = ("genuine", "fraudulent", "unsure")
WITHDRAWN = "withdrawn"  # a row that takes the reviewer's verdict on the document back
REQUIRED = ("upload_id", "verdict", "reviewer", "reviewed_at")
COLUMNS = (*REQUIRED, "note")
SAMPLE_COLUMNS = ("upload_id", "stratum", "stratum_size", "sampling_rate")
_TIME: Final = "datetime64[us, UTC]"

_SHOWN = 20
_WORDS_SHOWN = 3
_APPLICATION_ID = 0x41_4E_42_52  # tells our file from another program's
_BUSY_SECONDS = 30.0
_VERDICTS_SCHEMA = """
CREATE TABLE IF NOT EXISTS verdicts (
    number INTEGER PRIMARY KEY,
    upload_id TEXT NOT NULL CHECK (upload_id <> ''),
    verdict TEXT NOT NULL CHECK (verdict IN ('genuine', 'fraudulent', 'unsure', 'withdrawn')),
    reviewer TEXT NOT NULL CHECK (reviewer <> ''),
    reviewed_at TEXT NOT NULL,
    note TEXT NOT NULL,
    UNIQUE (upload_id, reviewer, reviewed_at, verdict, note)
);
CREATE TRIGGER IF NOT EXISTS verdicts_stay BEFORE UPDATE ON verdicts
    BEGIN SELECT RAISE(ABORT, 'a verdict is never changed: add a further one'); END;
CREATE TRIGGER IF NOT EXISTS verdicts_last BEFORE DELETE ON verdicts
    BEGIN SELECT RAISE(ABORT, 'a verdict is never removed: add a further one'); END;
"""
_SAMPLES_SCHEMA = """
CREATE TABLE IF NOT EXISTS samples (
    number INTEGER PRIMARY KEY,
    upload_id TEXT NOT NULL,
    stratum TEXT NOT NULL,
    stratum_size INTEGER NOT NULL CHECK (stratum_size > 0),
    sampling_rate REAL NOT NULL CHECK (sampling_rate > 0 AND sampling_rate <= 1),
    drawn_at TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS samples_stay BEFORE UPDATE ON samples
    BEGIN SELECT RAISE(ABORT, 'a sample is never changed: draw another'); END;
CREATE TRIGGER IF NOT EXISTS samples_last BEFORE DELETE ON samples
    BEGIN SELECT RAISE(ABORT, 'a sample is never removed: draw another'); END;
"""
# Logs of earlier versions refuse a withdrawal; every row of theirs stays as it is.
_WIDEN = (
    "BEGIN IMMEDIATE; ALTER TABLE verdicts RENAME TO narrow_verdicts; "  # noqa: S608 - ours alone
    "DROP TRIGGER verdicts_stay; DROP TRIGGER verdicts_last; "
    + _VERDICTS_SCHEMA
    + "INSERT INTO verdicts SELECT * FROM narrow_verdicts; DROP TABLE narrow_verdicts; COMMIT;"
)


class ReviewLog:
    """An SQLite file of verdicts that several notebooks may share.

    Parameters
    ----------
    path
        Made if missing, readable by its owner only; by default ``reviews.sqlite`` beside the
        upload log.

    Raises
    ------
    ConfigurationError
        When the file is another program's or cannot be used; here or later.

    Examples
    --------
    >>> log = ReviewLog(folder / "reviews.sqlite")
    >>> log.add("u1", "unsure", reviewer="ada", note="blurred")
    >>> log.add("u1", "genuine", reviewer="ada")
    >>> log.latest()["verdict"].tolist()
    ['genuine']
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = Path(path) if path else log_path("reviews.sqlite")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            make_private(self.path)
            # Several machines cannot share the memory that a write-ahead log needs.
            self._journal = "DELETE" if is_on_network(self.path) else "WAL"
        except OSError as error:
            raise self._unusable(error) from None
        with self._connection() as connection:
            self._prepare(connection)

    def __repr__(self) -> str:
        with self._connection() as connection:
            (rows,) = connection.execute("SELECT count(*) FROM verdicts").fetchone()
        return f"ReviewLog({rows} verdicts in {self.path.name})"

    def add(self, upload_id: str, verdict: str, *, reviewer: str, note: str = "") -> None:
        """Save a verdict, with the time.

        Parameters
        ----------
        upload_id
            The document.
        verdict
            ``"genuine"``, ``"fraudulent"`` or ``"unsure"``.
        reviewer
            Who says so.
        note
            Why, in words; may hold personal data.

        Raises
        ------
        ValidationError
            For another verdict, or without an upload ID or a reviewer; nothing is written.
        """
        self._add(upload_id, verdict, reviewer, note, VERDICTS)

    def _add(
        self, upload_id: str, verdict: str, reviewer: str, note: str, known: tuple[str, ...]
    ) -> None:
        problems = unfit(upload_id, verdict, reviewer, known)
        if problems:
            text = "; ".join(f"{field} {problem}" for field, problem in problems.items())
            fields = {field: [problem] for field, problem in problems.items()}
            raise ValidationError(f"The verdict was not saved: {text}.", fields=fields)
        self._append([(upload_id, verdict, reviewer, _iso(datetime.now(UTC)), note)])

    def withdraw(self, upload_id: str, *, reviewer: str) -> None:
        """Withdraw a reviewer's verdict on a document, by a further row ``withdrawn``.

        Parameters
        ----------
        upload_id
            The document.
        reviewer
            Whose verdict it is.

        Raises
        ------
        ValidationError
            Without an upload ID or a reviewer; nothing is written.

        Examples
        --------
        >>> log = ReviewLog(folder / "withdrawn.sqlite")
        >>> log.add("u1", "genuine", reviewer="ada")
        >>> log.withdraw("u1", reviewer="ada")
        >>> log.frame()["verdict"].tolist(), len(log.latest())
        (['genuine', 'withdrawn'], 0)
        """
        self._add(upload_id, WITHDRAWN, reviewer, "", (WITHDRAWN,))

    def frame(self) -> pd.DataFrame:
        """List every verdict ever given, in the order they were written down.

        Returns
        -------
        pandas.DataFrame
            Index 0..n-1. ``upload_id, reviewer, note`` (string), ``verdict`` (category; beside
            the verdicts ``withdrawn``, where a reviewer took one back), ``reviewed_at``
            (datetime64[us, UTC]). A note may hold personal data.

        Examples
        --------
        >>> ReviewLog(folder / "new.sqlite").frame().columns.tolist()
        ['upload_id', 'verdict', 'reviewer', 'reviewed_at', 'note']
        """
        rows = self._rows(f"SELECT {', '.join(COLUMNS)} FROM verdicts ORDER BY number")  # noqa: S608
        frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype("string")
        frame["verdict"] = frame["verdict"].astype(pd.CategoricalDtype([*VERDICTS, WITHDRAWN]))
        frame["reviewed_at"] = _times_of(frame["reviewed_at"])
        return frame

    def rows_after(self, number: int, reviewer: str) -> list[tuple[int, str, str, str, str]]:
        """Give a reviewer's rows after one number: number, upload, verdict, time, note.

        Parameters
        ----------
        number
            The number of a row; 0 for all rows.
        reviewer
            The name under which the verdicts were given.
        """
        query = (
            "SELECT number, upload_id, verdict, reviewed_at, note FROM verdicts "
            "WHERE number > ? AND reviewer = ? ORDER BY number"
        )
        return self._rows(query, number, reviewer)

    def latest(self) -> pd.DataFrame:
        """Give what each reviewer said last of each document; columns as in `frame`.

        Examples
        --------
        >>> len(ReviewLog(folder / "new.sqlite").latest())
        0
        """
        return latest(self.frame())

    def settled(self) -> pd.DataFrame:
        """Give one verdict per document; see `argyle_nb.review.settled`.

        Examples
        --------
        >>> len(ReviewLog(folder / "new.sqlite").settled())
        0
        """
        return settled(self.frame())

    def keep_sample(self, chosen: pd.DataFrame) -> None:
        """Keep what `sample` chose, so that its sampling rates outlive the notebook.

        Parameters
        ----------
        chosen
            From `sample`.

        Examples
        --------
        >>> from argyle_nb.review import sample
        >>> log = ReviewLog(folder / "samples.sqlite")
        >>> log.keep_sample(sample(frame, 3))
        >>> log.samples()["sampling_rate"].tolist()
        [1.0, 1.0, 1.0]
        """
        drawn_at = _iso(datetime.now(UTC))
        rows = chosen[list(SAMPLE_COLUMNS)].astype(object).itertuples(index=False, name=None)
        with self._connection() as connection:
            connection.executemany(
                "INSERT INTO samples (upload_id, stratum, stratum_size, sampling_rate, drawn_at)"
                " VALUES (?, ?, ?, ?, ?)",
                [(*row, drawn_at) for row in rows],
            )

    def samples(self) -> pd.DataFrame:
        """List the samples that were kept, in the order they were drawn.

        Returns
        -------
        pandas.DataFrame
            The columns of `sample` and ``drawn_at`` (datetime64[us, UTC]), the same for all
            uploads of one sample. Rates of one sample only may be used together.

        Examples
        --------
        >>> len(ReviewLog(folder / "new.sqlite").samples())
        0
        """
        names = [*SAMPLE_COLUMNS, "drawn_at"]
        rows = self._rows(f"SELECT {', '.join(names)} FROM samples ORDER BY number")  # noqa: S608
        frame = pd.DataFrame(rows, columns=names).astype(
            {
                "upload_id": "string",
                "stratum": "string",
                "stratum_size": "int64",
                "sampling_rate": "float64",
                "drawn_at": "string",
            }
        )
        frame["drawn_at"] = _times_of(frame["drawn_at"])
        return frame

    def to_csv(self, path: Path | str) -> None:
        """Write every verdict to a CSV file that `add_csv` reads.

        Parameters
        ----------
        path
            Replaced as a whole; a folder that is missing is made.

        Raises
        ------
        ConfigurationError
            When the file cannot be written.

        Examples
        --------
        >>> log = ReviewLog(folder / "there.sqlite")
        >>> log.add("u1", "genuine", reviewer="ada")
        >>> log.to_csv(folder / "verdicts.csv")
        >>> ReviewLog(folder / "here.sqlite").add_csv(folder / "verdicts.csv")
        1
        """
        with writable(path) as named:
            write_csv(self.frame(), named)

    def add_csv(self, path: Path | str) -> int:
        """Add the verdicts of a CSV file: all of them, or none where a row cannot be read.

        Parameters
        ----------
        path
            Columns ``upload_id, verdict, reviewer, reviewed_at`` (ISO 8601; UTC where no zone is
            named) and, if there are any, ``note``.

        Returns
        -------
        int
            How many were new: the same verdict is not added twice.

        Raises
        ------
        ValidationError
            Naming the file, each row that cannot be read, and what is wrong with it.
        """
        verdicts = read_verdicts(Path(path))
        times = verdicts["reviewed_at"].map(_iso)
        texts = verdicts.assign(reviewed_at=times)[list(COLUMNS)].astype(object)
        return self._append(list(texts.itertuples(index=False, name=None)))

    def _append(self, rows: list[tuple[Any, ...]]) -> int:
        with self._connection() as connection:
            before = connection.total_changes
            connection.executemany(
                "INSERT OR IGNORE INTO verdicts (upload_id, verdict, reviewer, reviewed_at, note)"
                " VALUES (?, ?, ?, ?, ?)",
                rows,
            )
            return connection.total_changes - before

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._connection() as connection:
            return connection.execute(query, values).fetchall()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")
        (ours,) = connection.execute("PRAGMA application_id").fetchone()
        if ours not in (0, _APPLICATION_ID) or (
            not ours and connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        ):
            raise self._unusable("it is another program's database")
        if not ours:
            connection.executescript(
                f"BEGIN IMMEDIATE; PRAGMA application_id = {_APPLICATION_ID}; {_VERDICTS_SCHEMA} "
                f"{_SAMPLES_SCHEMA} COMMIT;"
            )
        query = "SELECT sql FROM sqlite_master WHERE name = 'verdicts'"
        if WITHDRAWN not in connection.execute(query).fetchone()[0]:
            connection.executescript(_WIDEN)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Give one transaction; closing the connection takes back what was not committed."""
        try:
            with closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as connection:
                connection.execute(f"PRAGMA journal_mode = {self._journal}")
                connection.execute("PRAGMA synchronous = FULL")
                yield connection
                connection.commit()
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _unusable(self, why: object) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path}: can't use it as a review log ({why}). Check disk space and "
            "file permissions, or choose another file."
        )


def latest(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Give what each reviewer said last of each document.

    Parameters
    ----------
    verdicts
        From `ReviewLog.frame`. Of two verdicts of the same time, the lower row counts.

    Returns
    -------
    pandas.DataFrame
        One row per document and reviewer, in the order of their times, index 0..n-1; the columns
        of ``verdicts``. A verdict that was withdrawn is left out.

    Raises
    ------
    ConfigurationError
        When a column is not there, or ``reviewed_at`` holds no times.
    ValidationError
        For an unknown verdict, or one without an upload ID, a reviewer or a time.

    Examples
    --------
    >>> said = {"upload_id": "u1", "reviewer": "ada", "verdict": ["unsure", "genuine"],
    ...         "reviewed_at": pd.to_datetime(["2026-01-05", "2026-01-06"])}
    >>> latest(pd.DataFrame(said))["verdict"].tolist()
    ['genuine']
    """
    check_reviews(verdicts)
    in_time = verdicts.sort_values("reviewed_at", kind="stable")
    last = in_time.drop_duplicates(["upload_id", "reviewer"], keep="last")
    last = last[last["verdict"].astype("string") != WITHDRAWN].reset_index(drop=True)
    if isinstance(last["verdict"].dtype, pd.CategoricalDtype):
        last["verdict"] = last["verdict"].cat.set_categories(list(VERDICTS))
    return last


def settled(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Give one verdict per document.

    It is the one that all reviewers gave who were sure. Where none was sure, or two of them
    contradict each other, it is ``unsure``.

    Parameters
    ----------
    verdicts
        From `ReviewLog.frame`; of each reviewer the latest counts.

    Returns
    -------
    pandas.DataFrame
        One row per document, in the order of ids, index 0..n-1: ``upload_id`` (string),
        ``verdict`` (category), ``reviewers`` (int64), ``disputed`` (bool: one says genuine,
        another fraudulent).

    Raises
    ------
    ConfigurationError, ValidationError
        As in `latest`.

    Examples
    --------
    >>> said = {"upload_id": "u1", "reviewer": ["ada", "ben"], "verdict": ["unsure", "genuine"],
    ...         "reviewed_at": pd.to_datetime(["2026-01-05", "2026-01-05"])}
    >>> settled(pd.DataFrame(said))[["verdict", "disputed"]].values.tolist()
    [['genuine', False]]
    """
    said = latest(verdicts)
    texts = said["verdict"].astype("string")
    marks = pd.DataFrame(
        {
            "upload_id": said["upload_id"].astype("string"),
            "genuine": (texts == "genuine").astype(bool),
            "fraudulent": (texts == "fraudulent").astype(bool),
        }
    )
    by_document = marks.groupby("upload_id")
    table = by_document[["genuine", "fraudulent"]].any()
    verdict = pd.Series("unsure", index=table.index, dtype="string")
    verdict[table["genuine"] & ~table["fraudulent"]] = "genuine"
    verdict[table["fraudulent"] & ~table["genuine"]] = "fraudulent"
    return pd.DataFrame(
        {
            "verdict": verdict.astype(pd.CategoricalDtype(list(VERDICTS))),
            "reviewers": by_document.size().astype("int64"),
            "disputed": table["genuine"] & table["fraudulent"],
        }
    ).reset_index()


def check_verdicts(verdicts: pd.DataFrame) -> None:
    """See that a frame holds verdicts only, each on a document.

    Parameters
    ----------
    verdicts
        With the columns ``upload_id`` and ``verdict``.

    Raises
    ------
    ConfigurationError
        When a column is not there.
    ValidationError
        For an unknown verdict, or one without an upload ID.

    Examples
    --------
    >>> check_verdicts(pd.DataFrame({"upload_id": ["u1"], "verdict": ["fake"]}))
    Traceback (most recent call last):
    argyle_nb.errors.ValidationError: unknown verdicts fake: use genuine, fraudulent, unsure
    """
    need_columns(verdicts, ("upload_id", "verdict"), "verdicts")
    texts = verdicts["verdict"].astype("string")
    # Of a withdrawal one must know whose verdict it takes back.
    known = [*VERDICTS, WITHDRAWN] if "reviewer" in verdicts else VERDICTS
    wrong = sorted(set(texts[~texts.isin(known)].fillna("missing")))
    if wrong:
        raise ValidationError(
            f"Unknown verdict {', '.join(wrong[:_WORDS_SHOWN])}. Use one of {', '.join(VERDICTS)}.",
            fields={"verdict": wrong},
        )
    nameless = int(verdicts["upload_id"].isna().sum())
    if nameless:
        raise ValidationError(
            f"Verdicts without upload_id: {nameless}. Add it, or leave them out.",
            fields={"upload_id": ["is missing"]},
        )


def check_reviews(verdicts: pd.DataFrame) -> None:
    """See that a frame says of each verdict whose it is and when it was given."""
    need_columns(verdicts, REQUIRED, "verdicts")
    check_verdicts(verdicts)
    kind = verdicts["reviewed_at"].dtype
    # Times as texts sort by their letters, and the last of them would not be the latest.
    if len(verdicts) and not pd.api.types.is_datetime64_any_dtype(kind):
        raise ConfigurationError(
            f"reviewed_at has dtype {kind}, not times. Convert it with "
            "pandas.to_datetime(..., utc=True)."
        )
    for name in ("reviewer", "reviewed_at"):
        without = int(verdicts[name].isna().sum())
        if without:
            raise ValidationError(
                f"Verdicts without {name}: {without}. Add it, or leave them out.",
                fields={name: ["is missing"]},
            )


def unfit(
    upload_id: str, verdict: str, reviewer: str, known: tuple[str, ...] = VERDICTS
) -> dict[str, str]:
    """Say which field of a verdict cannot stand, and why."""
    problems = {}
    if not upload_id:
        problems["upload_id"] = "is empty"
    if verdict not in known:
        problems["verdict"] = f"{verdict!r} is unknown (use one of {', '.join(known)})"
    if not reviewer:
        problems["reviewer"] = "is empty"
    return problems


def read_verdicts(path: Path) -> pd.DataFrame:
    """Read a CSV file of verdicts; every row that cannot stand is named, the header is row 1."""
    try:
        table = pd.read_csv(
            path,
            dtype="string",
            keep_default_na=False,
            encoding="utf-8-sig",
            skip_blank_lines=False,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValidationError(
            f"{path}: can't read it as CSV in UTF-8 ({reason}). Save it as a UTF-8 CSV file."
        ) from None
    if not isinstance(table.index, pd.RangeIndex):
        raise ValidationError(
            f"{path}: some rows have more cells than the header. Put a text that has a comma "
            "in it in quotes."
        )
    missing = [name for name in REQUIRED if name not in table]
    if missing:
        raise ValidationError(
            f"{path} has no column {', '.join(missing)}. Required: "
            f"{', '.join(REQUIRED)}. Optional: note."
        )
    table = table if "note" in table else table.assign(note="")
    table = table[list(COLUMNS)].astype("string").fillna("").map(typed).astype("string")
    times = _times_in_zones(table["reviewed_at"])
    written = (table != "").any(axis=1)
    _check_rows(path, table[written], times.notna())
    return table.assign(reviewed_at=times)[written]


def _times_in_zones(texts: pd.Series[str]) -> pd.Series[Any]:
    """Read times in their zones, and in UTC where none is named."""
    # pandas 2.3 gives a time without a zone that of the line before, so each zone is read alone.
    zones = texts.str.extract(r"[T ][\d:.,]*(.*)$", expand=False).fillna("")
    parts = [
        pd.to_datetime(part, format="ISO8601", utc=True, errors="coerce").astype(_TIME)
        for _, part in texts.groupby(zones)
    ]
    none: pd.Series[Any] = pd.Series([], dtype=_TIME, index=texts.index[:0])
    times: pd.Series[Any] = pd.concat([none, *parts]).reindex(texts.index)
    return times


def _check_rows(path: Path, table: pd.DataFrame, readable: pd.Series[bool]) -> None:
    wrong: list[str] = []
    for number, upload_id, verdict, reviewer in table[list(REQUIRED[:3])].itertuples(name=None):
        problems = unfit(upload_id, verdict, reviewer, (*VERDICTS, WITHDRAWN))
        if not readable[number]:
            problems["reviewed_at"] = "is not a time in ISO 8601"
        wrong += [f"row {number + 2}: {field} {problem}" for field, problem in problems.items()]
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise ValidationError(
            f"{path}: nothing was added. Fix {len(wrong)} "
            f"cell{'' if len(wrong) == 1 else 's'}, then add it again: "
            f"{'; '.join(wrong[:_SHOWN])}{more}.",
            fields={"file": wrong},
        )


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _times_of(texts: pd.Series[str]) -> pd.Series[Any]:
    times: pd.Series[Any] = pd.to_datetime(texts, format="ISO8601", utc=True)
    return times.astype(_TIME)
