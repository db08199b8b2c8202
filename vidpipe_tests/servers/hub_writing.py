"""What an emulated Hub does when it is asked to change a repository: preupload, commit, pull requests, tags."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from vidpipe_tests.servers.hub_large import LargeFiles
from vidpipe_tests.servers.hub_reading import discussion
from vidpipe_tests.servers.hub_repos import AT, MAIN, Discussion, File, RefusedError, Repo, git_oid, large_file
from vidpipe_tests.servers.wire import Reply, Request

LARGE = (".mp4", ".mkv", ".mov", ".webm", ".parquet", ".jpg", ".png", ".bin", ".avi")
LARGE_BYTES = 10 * 1024 * 1024
REGULAR_BYTES = 100_000_000
"""The most that one commit may carry in itself."""


def _preupload(repo: Repo, revision: str, asked: Mapping[str, Any]) -> Reply:
    """Which files go as large ones, and what is there under their names."""
    there = repo.at(revision).files
    found = []
    for one in asked["files"]:
        is_large = one["path"].endswith(LARGE) or one["size"] > LARGE_BYTES or b"\0" in base64.b64decode(one["sample"])
        old = there.get(one["path"])
        found.append(
            {
                "path": one["path"],
                "uploadMode": "lfs" if is_large else "regular",
                "shouldIgnore": False,
                **({"oid": old.etag} if old else {}),
            }
        )
    return Reply({"files": found})


def lines_of(body: bytes) -> list[tuple[str, dict[str, Any]]]:
    """The lines of a commit's body: what each is, and what it says."""
    return [(line["key"], line["value"]) for line in map(json.loads, body.splitlines())]


def commit(
    repo: Repo,
    revision: str,
    request: Request,
    *,
    author: str,
    contents: dict[str, bytes],
    large: LargeFiles,
) -> Reply:
    """Take a commit, as `_prepare_commit_payload` of huggingface_hub writes it.

    The content of small files is added to `contents`; that of large ones is in `large`.
    """
    header: Mapping[str, str] = {}
    files: dict[str, File | None] = {}
    there = repo.at(revision).files
    new: dict[str, bytes] = {}
    for key, value in lines_of(request.body):
        if key == "header":
            header = value
        elif key == "file":
            data = base64.b64decode(value["content"])
            new[git_oid(data)] = data
            files[value["path"]] = File(git_oid(data), len(data))
        elif key == "lfsFile":
            files[value["path"]] = large_file(value["oid"], len(large.find(value["oid"])))
        elif key == "deletedFile":
            if value["path"] not in there:
                raise RefusedError(404, "EntryNotFound", "A file with this name doesn't exist")
            files[value["path"]] = None
        elif key == "deletedFolder":
            files |= {path: None for path in there if path.startswith(value["path"].rstrip("/") + "/")}
    if sum(map(len, new.values())) > REGULAR_BYTES:
        raise RefusedError(413, "", "Payload Too Large")
    is_request = request.query.get("create_pr") == "1"
    opened = repo.open(header.get("summary", ""), author, is_pull_request=True) if is_request else None
    made = repo.commit(opened.ref if opened else revision, files, header, author)
    contents |= new
    url = f"http://{request.headers['host']}/{repo.path}"
    told = {"success": True, "commitOid": made.oid, "commitUrl": f"{url}/commit/{made.oid}", "hookOutput": ""}
    return Reply(told | ({"pullRequestUrl": f"{url}/discussions/{opened.num}"} if opened else {}))


def talk(repo: Repo, asked: Mapping[str, Any], author: str) -> Reply:
    """Open a discussion or a pull request."""
    one = repo.open(asked["title"], author, is_pull_request=bool(asked.get("pullRequest")))
    return Reply({"num": one.num, "pullRequest": one.is_pull_request})


def numbered(repo: Repo, number: str) -> Discussion:
    """The discussion of a number.

    Raises:
        RefusedError: there is none.
    """
    if int(number) not in repo.discussions:
        raise RefusedError(404, "", "Discussion not found")
    return repo.discussions[int(number)]


def change(repo: Repo, one: Discussion, what: str, asked: Mapping[str, Any], author: str) -> Reply:
    """Merge, rename, close, open or comment on a discussion."""
    event = {"id": "0" * 24, "createdAt": AT, "author": {"name": author}}
    if what == "merge":
        repo.merge(one, author)
        return Reply({**discussion(repo, one, is_whole=True)})
    if what == "status":
        one.status = asked["status"]
        return Reply({"newStatus": {**event, "type": "status-change", "data": {"status": one.status}}})
    if what == "title":
        before, one.title = one.title, asked["title"]
        return Reply({"newTitle": {**event, "type": "title-change", "data": {"from": before, "to": one.title}}})
    one.comments.append(asked["comment"])
    data = {"edited": False, "hidden": False, "latest": {"raw": asked["comment"]}}
    return Reply({"newMessage": {**event, "type": "comment", "data": data}})


def _tag(repo: Repo, revision: str, asked: Mapping[str, Any]) -> Reply:
    """Give a commit a name for ever."""
    name = asked["tag"]
    if f"refs/tags/{name}" in repo.refs:
        raise RefusedError(409, "", f"Tag {name} already exists")
    repo.refs[f"refs/tags/{name}"] = repo.at(revision).oid
    return Reply(b"", 201)


def _untag(repo: Repo, name: str, asked: Mapping[str, Any]) -> Reply:
    """Take a tag away."""
    del asked
    if repo.refs.pop(f"refs/tags/{name}", None) is None:
        raise RefusedError(404, "RevisionNotFound", f"Invalid rev id: {name}")
    return Reply(b"", 204)


def _branch(repo: Repo, name: str, asked: Mapping[str, Any]) -> Reply:
    """Begin a branch."""
    if f"refs/heads/{name}" in repo.refs:
        raise RefusedError(409, "", f"Reference {name} already exists")
    repo.refs[f"refs/heads/{name}"] = repo.at(asked.get("startingPoint", MAIN)).oid
    return Reply(b"", 201)


def _settings(repo: Repo, revision: str, asked: Mapping[str, Any]) -> Reply:
    """Who may see it."""
    del revision
    repo.private = asked.get("visibility", "private") == "private"
    return Reply({})


CHANGES: Mapping[str, Callable[[Repo, str, Mapping[str, Any]], Reply]] = {
    "preupload": _preupload,
    "tag": _tag,
    "untag": _untag,
    "branch": _branch,
    "settings": _settings,
}
"""What is done with a repository, a revision and a JSON body, by the operation's name."""
