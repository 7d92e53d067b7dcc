"""Look at documents in other threads: what each is, whether it can be sent, and its likely type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argyle_nb.documents import EXTENSIONS, inspect_document
from argyle_nb.errors import DocumentError
from argyle_nb.uploads.checking import unsendable
from argyle_nb.uploads.errands import Errands
from argyle_nb.uploads.guessing import OTHER, guess_type
from argyle_nb.uploads.queue_files import LOOKING, READY, stamp_of

if TYPE_CHECKING:
    from argyle_nb.uploads.queue_files import Files, QueuedFile


class Looker:
    """Looks at each file of a queue once it is added, and again when it has changed on disk."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._looks, self._guesses = Errands("look"), Errands("guess")

    def look(self, key: str) -> None:
        """Look at a file soon; what is found is told on its row."""
        self._looks.add(lambda: self._look(key))

    def wait(self, timeout: float) -> bool:
        """Wait up to so many seconds for all looks and guesses; False when they took longer."""
        return self._looks.wait(timeout) and self._guesses.wait(timeout)

    def is_as_seen(self, file: QueuedFile) -> bool:
        """Whether a document is the one that somebody gave a user; another is looked at anew."""
        if file.stamp in (None, stamp_of(file.path)):
            return True
        self._files.put(file.key, state=LOOKING, message="it has changed; looking at it again")
        self.look(file.key)
        return False

    def _look(self, key: str) -> None:
        file = self._files.find(key)
        if file is None:
            return
        stamp = stamp_of(file.path)
        try:
            problem = unsendable(str(file.path))
            document = None if problem else inspect_document(file.path)
        except DocumentError as error:
            document, problem = None, error.problem
        except Exception as error:  # noqa: BLE001 - it is told on the row
            document, problem = None, f"cannot be looked at ({type(error).__name__}: {error})"
        if document is None:
            self._files.put(key, state="refused", message=problem)
            return
        kind = EXTENSIONS[document.media_type].lstrip(".").upper()
        found = ", ".join([kind, *document.problems])
        if file.is_guess:
            # Before it is ready, so that who waits for the looks waits for the guess as well.
            self._guesses.add(lambda: self._guess(key, document.media_type))
        self._files.put(
            key, size=document.size, stamp=stamp, found=found, state=READY, message="ready"
        )

    def _guess(self, key: str, media_type: str) -> None:
        file = self._files.find(key)
        guess = OTHER
        try:
            guess = guess_type(file.path, media_type) if file else OTHER
        finally:
            self._files.change(key, lambda now: {"document_type": guess} if now.is_guess else {})
