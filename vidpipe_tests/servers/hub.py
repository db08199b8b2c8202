"""An emulated Hugging Face Hub for datasets and Spaces, that the real `huggingface_hub` and `datasets` work against.

    with HubServer() as hub:
        api = HfApi(endpoint=hub.url, token=TOKEN)
        api.create_repo("user/d", repo_type="dataset")
        hub.inject("commit", times=1, status=500)      # any step can fail: see OPS
        hub.cut("lfs.put", 1000)                       # the connection breaks after so many bytes of a body

What belongs here: who asks for what. Not here: git (`hub_repos`), reading, writing, large files (`hub_*`).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from vidpipe_tests.servers import hub_reading, hub_writing
from vidpipe_tests.servers.base import LoopbackServer
from vidpipe_tests.servers.hub_large import LargeFiles
from vidpipe_tests.servers.hub_repos import FIRST, MAIN, File, RefusedError, Repo, git_oid, key_of
from vidpipe_tests.servers.wire import Entry, Reply, Request

TOKEN, USER = "hf_loopback", "user"
_KIND = r"/(?P<kind>datasets|spaces)"
_REPO = rf"/api{_KIND}/(?P<repo>[^/]+/[^/]+)"
OPS: tuple[tuple[str, str, str], ...] = (
    ("whoami", "GET", r"/api/whoami-v2"),
    ("create", "POST", r"/api/repos/create"),
    ("delete", "DELETE", r"/api/repos/delete"),
    ("validate", "POST", r"/api/validate-yaml"),
    ("preupload", "POST", _REPO + r"/preupload/(?P<rev>[^/]+)"),
    ("commit", "POST", _REPO + r"/commit/(?P<rev>[^/]+)"),
    ("lfs.batch", "POST", _KIND + r"/(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/batch"),
    ("lfs.verify", "POST", _KIND + r"/(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/verify"),
    ("lfs.put", "PUT", r"/lfs/(?P<sha>[0-9a-f]{64})"),
    ("lfs.part", "PUT", r"/lfs/(?P<sha>[0-9a-f]{64})/(?P<number>\d+)"),
    ("lfs.complete", "POST", r"/lfs/(?P<sha>[0-9a-f]{64})/complete"),
    ("xet.token", "GET", _REPO + r"/xet-(?:write|read)-token/(?P<rev>[^/]+)"),
    ("tree", "GET", _REPO + r"/tree/(?P<rev>[^/]+)(?:/(?P<path>.*))?"),
    ("paths", "POST", _REPO + r"/paths-info/(?P<rev>[^/]+)"),
    ("resolve", "GET", _KIND + r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<rev>[^/]+)/(?P<path>.+)"),
    ("refs", "GET", _REPO + r"/refs"),
    ("commits", "GET", _REPO + r"/commits/(?P<rev>[^/]+)"),
    ("discussions", "GET", _REPO + r"/discussions"),
    ("discussion.open", "POST", _REPO + r"/discussions"),
    ("discussion", "GET", _REPO + r"/discussions/(?P<number>\d+)"),
    ("merge", "POST", _REPO + r"/discussions/(?P<number>\d+)/(?P<what>merge)"),
    ("discussion.change", "POST", _REPO + r"/discussions/(?P<number>\d+)/(?P<what>status|title|comment)"),
    ("tag", "POST", _REPO + r"/tag/(?P<rev>[^/]+)"),
    ("untag", "DELETE", _REPO + r"/tag/(?P<rev>[^/]+)"),
    ("branch", "POST", _REPO + r"/branch/(?P<rev>[^/]+)"),
    ("settings", "PUT", _REPO + r"/settings"),
    ("info", "GET", _REPO + r"(?:/revision/(?P<rev>[^/]+))?"),
)
"""The operations by which faults and logs name what is asked: method and path of each."""

_PATTERNS = [(op, method, re.compile(pattern)) for op, method, pattern in OPS]
_OWNERS = ("preupload", "commit", "lfs.batch", "lfs.verify", "tag", "untag", "branch", "settings", "merge")
_CHANGES = (*_OWNERS, "xet.token", "discussion.open", "discussion.change")


class HubServer(LoopbackServer):
    """The Hub. `tokens` say who has one; each may write below the own name.

    Large files above `part_bytes` come in parts, where they come by LFS.
    """

    def __init__(
        self,
        *,
        tokens: Mapping[str, str] | None = None,
        part_bytes: int | None = None,
        on_entry: Callable[[Entry], None] | None = None,
    ) -> None:
        super().__init__(on_entry=on_entry)
        self.tokens = dict(tokens or {TOKEN: USER})
        self.repos: dict[str, Repo] = {}
        """Datasets by `user/name`, Spaces by `spaces/user/name`."""
        self.large = LargeFiles(part_bytes)
        self._contents = {git_oid(data): data for files in FIRST.values() for data in files.values()}
        self._cuts: dict[str, list[int]] = {}

    def stop(self) -> None:
        super().stop()
        self.large.xet.close()

    def op_of(self, method: str, path: str) -> str:
        method = "GET" if method == "HEAD" else method
        return next((op for op, m, pattern in _PATTERNS if m == method and pattern.fullmatch(path)), "unknown")

    def cut(self, op: str, n_bytes: int, *, times: int = 1) -> None:
        """Lets the next requests of a kind break after so many bytes of their body: no work is done."""
        self._cuts.setdefault(op, []).extend([n_bytes] * times)

    def cut_after(self, method: str, path: str) -> int | None:
        with self._lock:
            waiting = self._cuts.get(self.op_of(method, path), [])
            return waiting.pop(0) if waiting else None

    def note_of(self, request: Request) -> str:
        """Of a commit, what it holds: so many files in it, so many pointers, so many deleted."""
        if request.op != "commit" or request.headers.get("content-type") != "application/x-ndjson":
            return ""
        kinds = [key for key, _ in hub_writing.lines_of(request.body)]
        return " ".join(f"{kind}:{kinds.count(kind)}" for kind in ("file", "lfsFile", "deletedFile"))

    def files(self, repo: str, revision: str = MAIN) -> dict[str, bytes]:
        """The content of every file of a repository, by path; for tests to look at."""
        with self._lock:
            found = self.repos[repo].at(revision).files
            return {path: self._content(file) for path, file in found.items()}

    def reply(self, request: Request) -> Reply:
        with self._lock:
            try:
                return self._answer(request)
            except RefusedError as error:
                return _refusal(error)

    def _answer(self, request: Request) -> Reply:
        match = next(
            (found for op, _, pattern in _PATTERNS if op == request.op and (found := pattern.fullmatch(request.path))),
            None,
        )
        if match is None:
            raise RefusedError(404, "", f"no such page: {request.method} {request.path}")
        parts = {name: unquote(value) for name, value in match.groupdict().items() if value is not None}
        if request.credential and request.credential not in self.tokens:
            raise RefusedError(401, "", "Invalid credentials in Authorization header")
        user = self.tokens.get(request.credential, "")
        if request.op.startswith("lfs.") and "sha" in parts:
            return self._stored(request, parts)
        if "repo" not in parts:
            return self._general(request, user)
        repo = self._repo(parts["kind"], parts["repo"], user, is_change=request.op in _OWNERS)
        if request.op in _CHANGES:
            return self._change(repo, request, parts, user)
        return self._read(repo, request, parts)

    def _repo(self, kind: str, name: str, user: str, *, is_change: bool) -> Repo:
        """A repository, for those who may see it."""
        repo, is_owner = self.repos.get(key_of(kind, name)), bool(user) and name.partition("/")[0] == user
        if repo is None or (repo.private and not is_owner):
            raise RefusedError(404 if user else 401, "RepoNotFound", "Repository not found")
        if is_change and not is_owner:
            raise RefusedError(403 if user else 401, "", "You don't have the rights to do this")
        return repo

    def _general(self, request: Request, user: str) -> Reply:
        if request.op == "validate":
            return Reply({"errors": [], "warnings": []})
        if not user:
            raise RefusedError(401, "", "Invalid username or password.")
        if request.op == "whoami":
            return Reply({"type": "user", "name": user, "orgs": [], "auth": {"type": "access_token"}})
        asked = request.json()
        name, kind = f"{asked.get('organization') or user}/{asked['name']}", f"{asked['type']}s"
        if name.partition("/")[0] != user:
            raise RefusedError(403, "", f"You don't have the rights to create a repo under {name}")
        if request.op == "delete":
            self.repos.pop(key_of(kind, name), None)
            return Reply({})
        return self._created(kind, name, asked)

    def _created(self, kind: str, name: str, asked: Mapping[str, Any]) -> Reply:
        if kind == "spaces" and asked.get("sdk") != "static":
            raise RefusedError(400, "", "this emulator has static Spaces only")
        url = f"{self.url}/{kind}/{name}"
        if key_of(kind, name) in self.repos:
            told = {"error": f"You already created this {asked['type']} repo", "url": url}
            return Reply(told, 409)
        private = asked.get("visibility") == "private" or bool(asked.get("private"))
        first = {path: File(git_oid(data), len(data)) for path, data in FIRST[kind].items()}
        self.repos[key_of(kind, name)] = Repo(name, kind=kind, private=private, files=first)
        return Reply({"url": url, "name": name, "id": "0" * 24})

    def _stored(self, request: Request, parts: Mapping[str, str]) -> Reply:
        if request.op == "lfs.put":
            return self.large.put(parts["sha"], request.body)
        if request.op == "lfs.part":
            return self.large.put_part(parts["sha"], int(parts["number"]), request.body)
        return self.large.complete(parts["sha"], request.json())

    def _read(self, repo: Repo, request: Request, parts: Mapping[str, str]) -> Reply:
        rev = parts.get("rev", "main")
        if request.op == "tree":
            return hub_reading.tree(repo, rev, parts.get("path", ""), request)
        if request.op == "paths":
            wanted = [value for key, value in parse_qsl(request.body.decode()) if key == "paths"]
            return hub_reading.paths(repo, rev, wanted)
        if request.op == "resolve":
            return self._resolved(repo, request, parts)
        if request.op == "discussions":
            return hub_reading.discussions(repo, request.query)
        if request.op == "discussion":
            one = hub_writing.numbered(repo, parts["number"])
            return Reply(hub_reading.discussion(repo, one, is_whole=True))
        plain = {"info": hub_reading.info, "commits": hub_reading.commits}
        return hub_reading.refs(repo) if request.op == "refs" else plain[request.op](repo, rev)

    def _resolved(self, repo: Repo, request: Request, parts: Mapping[str, str]) -> Reply:
        file = repo.at(parts["rev"]).files.get(parts["path"])
        data = {} if file is None else {file.etag: self._content(file)}
        return hub_reading.content(repo, parts["rev"], parts["path"], data, request.headers.get("range", ""))

    def _content(self, file: File) -> bytes:
        return self.large.objects[file.sha256] if file.sha256 else self._contents[file.oid]

    def _change(self, repo: Repo, request: Request, parts: Mapping[str, str], user: str) -> Reply:
        rev, op = parts.get("rev", "main"), request.op
        if op == "commit":
            return hub_writing.commit(repo, rev, request, author=user, contents=self._contents, large=self.large)
        if op in ("lfs.verify", "xet.token"):
            return self.large.verify(request.json()) if op == "lfs.verify" else self.large.xet.token()
        if op == "lfs.batch":
            return self.large.batch(self.url, repo.path, request.json())
        if op == "discussion.open":
            return hub_writing.talk(repo, request.json(), user)
        if op in ("merge", "discussion.change"):
            one = hub_writing.numbered(repo, parts["number"])
            return hub_writing.change(repo, one, parts["what"], request.json(), user)
        return hub_writing.CHANGES[op](repo, rev, request.json())


def _refusal(error: RefusedError) -> Reply:
    words = error.words.encode("ascii", "replace").decode()  # headers hold nothing else
    headers = {"X-Error-Message": words} | ({"X-Error-Code": error.code} if error.code else {})
    return Reply({"error": error.words}, error.status, headers)


def too_many(wait_s: int = 0) -> Reply:
    """The answer to too many requests: when they are counted anew stands in a header."""
    headers = {"RateLimit": f'"api";r=0;t={wait_s}', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}
    return Reply({"error": "Too Many Requests"}, 429, headers)
