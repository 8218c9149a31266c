"""What is checked before a run sends its first request: settings that contradict each other, keys and promises missing.

This file does not run anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from trio_pipeline.diario.addresses import is_loopback
from trio_pipeline.diario.credentials import Secrets
from trio_pipeline.diario.identifiers import archive_item
from trio_pipeline.diario.items import Item
from trio_pipeline.diario.lifecycle import Life, State
from trio_pipeline.diario.settings_model import ModelSettings, Settings
from trio_pipeline.diario.units import rough_size

__all__ = ["POLICY", "UsageError", "check", "check_contact", "questions_to_announce", "uploads_to_announce"]

POLICY = """\
What the Internet Archive asks of uploaders (its help pages on what is right to upload):
  - serials belong in one item rather than many: at most 500 files an item, and 5,000 files a day;
  - no mirrors of what is still online, without evidence that it will go: it may remove them and lock the account;
  - two uploads at a time is a polite pace.
Every PDF is archived as the court published it, with the names and numbers of private people in it."""
"""Shown before the first upload."""


_FEW = 10  # gazettes that a model may read whole without a question first


class UsageError(Exception):
    """The run cannot be begun as it was asked for; the message is one clear line."""


def check(settings: Settings, secrets: Secrets, *, dry_run: bool = False) -> None:
    """Check what can be checked without a request.

    Args:
        settings: The settings.
        secrets: The keys.
        dry_run: Whether nothing will be sent: then nobody is told who asks, and no keys are needed.

    Raises:
        UsageError: Something is missing or does not fit together.
    """
    if settings.archive.kind == "none" and settings.extract.kind == "none":
        raise UsageError("--archive none and --extract none together would keep nothing")
    if dry_run:
        return
    if settings.extract.uses_model:
        _check_model(settings, secrets)
    if settings.archive.kind == "internet-archive" and secrets.archive_access is None:
        raise UsageError("the Internet Archive needs your keys: set IA_ACCESS_KEY and IA_SECRET_KEY")
    hosts = [settings.tjro.base_url]
    if settings.archive.kind == "internet-archive":
        hosts += [settings.archive.s3_url, settings.archive.metadata_url]
    check_contact(settings, *hosts)


def check_contact(settings: Settings, *urls: str) -> None:
    """Refuse to ask anybody but this machine without saying who asks.

    Args:
        settings: With the contact.
        urls: Who would be asked.

    Raises:
        UsageError: There is no contact, and one of the addresses is somebody else's.
    """
    if settings.tjro.contact is None and not all(map(is_loopback, urls)):
        raise UsageError(
            "whoever is asked is told by whom: set tjro.contact to your e-mail address or page (--set tjro.contact=…)"
        )


def _check_model(settings: Settings, secrets: Secrets) -> None:
    asked = f"--extract {settings.extract.kind}"
    if settings.model.name is None:
        raise UsageError(f"{asked} needs the name of a model: set model.name (--set model.name=…)")
    if secrets.model is None:
        raise UsageError(f"{asked} needs your key: set GEMINI_API_KEY")
    if settings.model.token_budget == 0:
        raise UsageError(
            f"{asked} sends nothing without a limit: set model.token_budget to the tokens that it may cost in all "
            "(--dry-run estimates them)"
        )


def questions_to_announce(
    items: Sequence[Item], settings: Settings, *, lists: bool, limit: int | None, dry_run: bool
) -> str | None:
    """What has to be accepted before a model reads many gazettes whole; None if nothing has.

    Args:
        items: What the run has taken up.
        settings: With who reads, and whether the cost was accepted.
        lists: Whether the court's listing will add to them.
        limit: The most gazettes that are taken up, or None.
        dry_run: Whether what it would cost is being estimated already.
    """
    if settings.extract.kind != "model" or settings.model.accept_cost:
        return None
    waiting = sum(item.state(Life.EXTRACT) is State.PENDING for item in items)
    may_be_more = lists and (limit is None or limit > _FEW)
    if waiting <= _FEW and not may_be_more:
        return None
    count = "all that the court lists" if may_be_more else f"{waiting:,} gazettes"
    estimate = "" if dry_run else "--dry-run estimates what that costs, "
    return (
        f"This run would have a model read {count} whole, some 230,000 tokens each, within model.token_budget. "
        f"{estimate}--extract rules+model asks it only about what the rules cannot read.\n"
        f"If that is what you want, {_next_step(settings.model)}."
    )


def _next_step(model: ModelSettings) -> str:
    """What is to be set or typed next; a dry run comes here without a name or a budget."""
    values = {"model.name": model.name, "model.token_budget": model.token_budget}
    missing = [key for key, value in values.items() if not value]
    if missing:
        return f"set {' and '.join(missing)} first"
    return "run it again with --yes or set model.accept_cost"


def uploads_to_announce(items: Sequence[Item], settings: Settings, *, lists: bool) -> str | None:
    """What has to be accepted before the first upload to the real archive; None if nothing has.

    Args:
        items: What the run has taken up.
        settings: With the archive, and whether its policy was accepted.
        lists: Whether the court's listing will add to them.
    """
    if settings.archive.kind != "internet-archive" or settings.archive.accept_policy:
        return None
    if is_loopback(settings.archive.s3_url):
        return None
    uploads = [item for item in items if item.state(Life.ARCHIVE) is State.PENDING]
    if not uploads and not lists:
        return None
    names = {archive_item(item.gazette, settings.archive.layout) for item in uploads}
    size = sum(item.checksums.size if item.checksums else item.size or settings.tjro.expected_size for item in uploads)
    more = " That is what is known; what the court lists besides is found out only then." if lists else ""
    return (
        f"This run would upload {len(uploads):,} files, about {rough_size(size)}, to {len(names):,} items of the "
        f"Internet Archive.{more}\n{POLICY}\n"
        "If that is what you want, run it again with --yes or set archive.accept_policy."
    )
