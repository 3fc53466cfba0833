"""How far an upload is → a line of HTML with a bar, and at its end what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from rag_api.demo.faults import end_sentence
from rag_api.job_views import JobDetail, JobView

_SENT = 0.1
_READ = 0.9
_ENDED = {"done", "failed", "cancelled"}
_UNTOLD = {"cancelled": "it was cancelled"}
_MOST_REASONS = 5


def render_sending(names: Sequence[str]) -> str:
    """Before the API has them."""
    return _line(f"Sending {_name(names)}…", 0.0)


def render_job(job: JobView) -> str:
    """A job on its way, or at its end."""
    names = [file.source.removeprefix("upload:") for file in job.files]
    if job.state not in _ENDED:
        return _line(_step(job, _name(names)), _share(job))
    if job.state != "done" or job.progress.failed:
        return _end(_fault(job, names), fault=True)
    place, them = f"“{job.collection}”", "them" if len(names) > 1 else "it"
    if job.progress.unchanged == job.progress.files:
        return _end(f"Already in {place}, unchanged: {_name(names)}. Ask about {them}.")
    return _end(f"Added {_name(names)} to {place}. Ask about {them} now.")


def render_fault(sentence: str) -> str:
    """An upload that the API did not take."""
    return _end(sentence, fault=True)


def _step(job: JobView, name: str) -> str:
    if job.state == "queued":
        return f"Waiting to read {name}…"
    done = f"{job.progress.done} of {job.progress.files} done, " if job.progress.files > 1 else ""
    chunks = job.progress.chunks
    return f"Reading {name}: {done}{chunks:,} passage{'' if chunks == 1 else 's'} ready…"


def _share(job: JobView) -> float:
    if job.state == "queued":
        return _SENT
    return _SENT + (_READ - _SENT) * job.progress.done / max(1, job.progress.files)


def _fault(job: JobView, names: Sequence[str]) -> str:
    reasons = list(_reasons(job)) or [job.detail or _UNTOLD.get(job.state, "no reason is known")]
    failed, files = job.progress.failed, job.progress.files
    if files > 1 and failed:
        why = "; ".join(reasons[:_MOST_REASONS]) + ("; …" if len(reasons) > _MOST_REASONS else "")
        told = end_sentence(f"{failed} of {files} files could not be added: {why}")
        rest = failed < job.progress.done == files
        return f"{told} The others can be asked about." if rest else told
    name = _name(names)
    why = re.sub(f"^{re.escape(repr(name))} ", "it ", reasons[0])
    return end_sentence(f"{name} could not be added: {why}")


def _reasons(job: JobView) -> Iterator[str]:
    """Why files failed, by the report that a job has at its end."""
    report = (job.report if isinstance(job, JobDetail) else None) or {}
    for held in ("failed", "quarantined"):
        listed = report.get(held)
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict):
                yield str(one.get("detail", ""))


def _name(names: Sequence[str]) -> str:
    if len(names) > 1:
        return f"{len(names)} files"
    return names[0] if names else "the page"


def _line(text: str, share: float) -> str:
    return (
        f'<p class="job" role="status">{escape(text)}'
        f'<progress max="1" value="{share:.2f}" aria-label="Progress"></progress></p>'
    )


def _end(text: str, *, fault: bool = False) -> str:
    kind, role = ("fault", "alert") if fault else ("ready", "status")
    return f'<p class="job {kind}" role="{role}">{escape(text)}</p>'
