"""Mails that say what is no longer so: called back where they have not left, and never sent again."""

from dataclasses import dataclass

from schemas.notification import Template
from services.notifier.domain.draft import Draft


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Mails of a client that say what is no longer so: those of a template, to one reader or to all, whose cause begins
    with `cause`; but not those of the causes in `but`."""

    template: Template
    reader: str | None = None
    cause: str = ""
    but: frozenset[str] = frozenset()

    def covers(self, draft: Draft) -> bool:
        return (
            draft.template == self.template
            and self.reader in (None, draft.reader)
            and draft.cause_id.startswith(self.cause)
            and draft.cause_id not in self.but
        )
