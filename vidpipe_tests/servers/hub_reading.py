"""What an emulated Hub tells of a repository: facts, trees, refs, discussions, files. Changes nothing."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from vidpipe_tests.servers.hub_repos import AT, Discussion, File, RefusedError, Repo
from vidpipe_tests.servers.wire import Reply, Request

PAGE = 1000
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def info(repo: Repo, revision: str) -> Reply:
    """What `dataset_info` or `space_info` shows."""
    commit = repo.at(revision)
    facts = {
        "_id": "0" * 24,
        "id": repo.name,
        "author": repo.name.partition("/")[0],
        "sha": commit.oid,
        "lastModified": AT,
        "createdAt": AT,
        "private": repo.private,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "siblings": [{"rfilename": path} for path in sorted(commit.files)],
    }
    return Reply(facts | ({"sdk": "static"} if repo.kind == "spaces" else {}))


def tree(repo: Repo, revision: str, folder: str, request: Request) -> Reply:
    """The entries of a folder, page by page; a folder that is not there is no entry."""
    files = repo.at(revision).files
    prefix = f"{folder}/" if folder else ""
    inside = [path for path in sorted(files) if path.startswith(prefix)]
    if folder and not inside:
        raise RefusedError(404, "EntryNotFound", f"{folder} does not exist on {revision}")
    is_deep = request.query.get("recursive", "").lower() == "true"
    entries = list(_entries(files, inside, prefix, is_deep=is_deep))
    first = int(request.query.get("cursor") or 0)
    headers = {}
    if first + PAGE < len(entries):
        again = "&".join(f"{k}={v}" for k, v in {**request.query, "cursor": first + PAGE}.items())
        headers["Link"] = f'<http://{request.headers["host"]}{request.path}?{again}>; rel="next"'
    return Reply(entries[first : first + PAGE], headers=headers)


def paths(repo: Repo, revision: str, wanted: Iterable[str]) -> Reply:
    """What is known of some files; those that are not there are left out."""
    files = repo.at(revision).files
    return Reply([entry(path, files[path]) for path in wanted if path in files])


def entry(path: str, file: File) -> dict[str, Any]:
    """A file in a tree."""
    found: dict[str, Any] = {"type": "file", "oid": file.oid, "size": file.size, "path": path}
    if file.sha256:
        found["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": 130}
    return found


def _entries(
    files: Mapping[str, File], inside: Iterable[str], prefix: str, *, is_deep: bool
) -> Iterable[dict[str, Any]]:
    folders: set[str] = set()
    for path in inside:
        parts = path.removeprefix(prefix).split("/")
        for i in range(1, len(parts) if is_deep else min(len(parts), 2)):
            folder = prefix + "/".join(parts[:i])
            if folder not in folders:
                folders.add(folder)
                yield {"type": "directory", "oid": "0" * 40, "size": 0, "path": folder}
        if is_deep or len(parts) == 1:
            yield entry(path, files[path])


def refs(repo: Repo) -> Reply:
    """All names of commits."""

    def under(prefix: str, kind: str) -> list[dict[str, str]]:
        return [
            {"name": ref.removeprefix(prefix) if kind != "pr" else ref, "ref": ref, "targetCommit": oid}
            for ref, oid in repo.refs.items()
            if ref.startswith(prefix)
        ]

    found = {"branches": under("refs/heads/", "branch"), "tags": under("refs/tags/", "tag"), "converts": []}
    return Reply({**found, "pullRequests": under("refs/pr/", "pr")})


def commits(repo: Repo, revision: str) -> Reply:
    """A commit and those before it."""
    return Reply(
        [
            {"id": one.oid, "title": one.title, "message": "", "authors": [{"user": one.author}], "date": AT}
            for one in repo.history(revision)
        ]
    )


def discussion(repo: Repo, one: Discussion, *, is_whole: bool) -> dict[str, Any]:
    """A pull request, in a list or on its own."""
    found = {
        "num": one.num,
        "title": one.title,
        "author": {"name": one.author},
        "status": one.status,
        "isPullRequest": one.is_pull_request,
        "createdAt": AT,
        "repo": {"name": repo.name, "type": repo.kind.removesuffix("s")},
    }
    if is_whole:
        found["events"] = []
        found["changes"] = {"base": "refs/heads/main", "mergeCommitId": one.merged}
        found["filesWithConflicts"] = repo.conflicts(one) if one.is_pull_request else []
        found["diff"] = ""
    return found


def discussions(repo: Repo, query: Mapping[str, str]) -> Reply:
    """Pull requests and others, ten to a page, the newest first."""
    wanted = {"open": ("open", "draft"), "closed": ("closed", "merged")}.get(query.get("status", ""))
    found = [
        one
        for one in reversed(repo.discussions.values())
        if query.get("type") in (None, "all", "pull_request" if one.is_pull_request else "discussion")
        and (wanted is None or one.status in wanted)
        and query.get("author") in (None, one.author)
    ]
    start = int(query.get("p") or 0) * 10
    shown = [discussion(repo, one, is_whole=False) for one in found[start : start + 10]]
    return Reply({"count": len(found), "start": start, "discussions": shown})


def content(repo: Repo, revision: str, path: str, data: Mapping[str, bytes], wanted: str) -> Reply:
    """A file's bytes, or the part that the header Range wants."""
    commit = repo.at(revision)
    file = commit.files.get(path)
    if file is None:
        raise RefusedError(404, "EntryNotFound", "Entry not found")
    body = data[file.etag]
    headers = {"ETag": f'"{file.etag}"', "X-Repo-Commit": commit.oid, "Accept-Ranges": "bytes"}
    if file.sha256:
        headers |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(file.size)}
    match = _RANGE.fullmatch(wanted)
    if match is None or (not match[1] and not match[2]):
        return Reply(body, headers=headers)
    first = int(match[1]) if match[1] else max(0, len(body) - int(match[2]))
    last = min(int(match[2]) if match[1] and match[2] else len(body) - 1, len(body) - 1)
    if first > last:
        return Reply(b"", 416, {**headers, "Content-Range": f"bytes */{len(body)}"})
    return Reply(body[first : last + 1], 206, {**headers, "Content-Range": f"bytes {first}-{last}/{len(body)}"})
