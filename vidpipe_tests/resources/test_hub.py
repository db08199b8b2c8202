"""Publishing through the real huggingface_hub: what readers see, what is sent, and what a kill or a fault leaves."""

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from resources.hub import HubDatasets
from resources.hub_files import HubFiles
from resources.patience import Patience
from vidpipe.errors import CredentialError, MovedError, RecipeError, RejectedRequestError, TransientServiceError
from vidpipe.export.publishing import Published, Publisher, Terms
from vidpipe.export.release_plan import ReleaseFolder
from vidpipe.export.withdrawn import Withdrawn, held
from vidpipe.store.objects import ObjectStore
from vidpipe_tests.servers.hub import TOKEN, HubServer, too_many
from vidpipe_tests.servers.hub_clients import api_of
from vidpipe_tests.servers.hub_repos import ATTRIBUTES
from vidpipe_tests.servers.wire import Reply, Request

pytestmark = pytest.mark.usefixtures("by_lfs")
REPO, ATTRS = "user/d", {".gitattributes": ATTRIBUTES}
QUICK = Patience(n_tries=4, first_s=0.01, longest_s=5.0)


def row(name: str, text: str = "") -> bytes:
    return json.dumps({"file_name": f"videos/{name}.mp4", "video_id": name, "text": text}).encode() + b"\n"


FIRST: dict[str, bytes] = {
    "provenance/made_by.json": b"{}",
    "README.md": b"# one\n",
    "metadata.jsonl": row("a") + row("b ü"),
    "videos/a.mp4": b"a" * 1000,
    "videos/b ü.mp4": b"b" * 2000,
}
SECOND: dict[str, bytes] = {
    "provenance/made_by.json": b"{}",
    "README.md": b"# two\n",
    "index.html": b"<p>",
    "metadata.jsonl": row("a", "other") + row("c"),
    "videos/a.mp4": b"a" * 1000,
    "videos/c.mp4": b"c" * 3000,
}


def folder_of(store: ObjectStore, files: Mapping[str, bytes]) -> ReleaseFolder:
    """A dataset folder that holds just these files."""
    for stored in list(store.list("datasets/scenes")):
        store.delete(stored.key)
    for name, data in files.items():
        store.put(f"datasets/scenes/{name}", data)
    return ReleaseFolder(store, "datasets/scenes")


def publisher(hub: HubServer, folder: ReleaseFolder, release: str = "r1", **terms: int | bool) -> Publisher:
    client = HubDatasets(TOKEN, hub.url, patience=QUICK)
    return Publisher(client, folder, REPO, Terms(release, **{"commit_files": 2, **terms}))  # type: ignore[arg-type]


def published(hub: HubServer, folder: ReleaseFolder, release: str = "r1", **terms: int | bool) -> Published:
    return publisher(hub, folder, release, **terms).publish()


def requests_of(hub: HubServer) -> list[str]:
    return [one.status for one in hub.repos[REPO].discussions.values()]


def test_a_release_is_seen_at_once_and_a_second_time_sends_nothing(hub: HubServer, store: ObjectStore) -> None:
    folder = folder_of(store, FIRST)
    plan = publisher(hub, folder).plan()
    assert (plan.repository, plan.is_private, plan.files.n_bytes) == (None, True, sum(map(len, FIRST.values())))
    assert (plan.rows.n, plan.rows.added, plan.rows.changed, plan.rows.removed) == (2, 2, 0, 0)
    assert not hub.repos, "a plan makes nothing"
    first = published(hub, folder)
    assert hub.files(REPO) == FIRST | ATTRS
    assert hub.repos[REPO].private
    assert hub.repos[REPO].refs["refs/tags/r1"] == first.revision == hub.repos[REPO].at("main").oid
    assert (first.n_files, first.n_sent, first.n_deleted, first.n_bytes) == (5, 5, 0, plan.files.n_bytes)
    assert requests_of(hub) == ["merged"]
    hub.log.clear()
    again = published(hub, folder)
    assert (again.revision, again.n_sent, again.n_bytes) == (first.revision, 0, 0)
    assert {entry.op for entry in hub.log} == {"info", "tree", "refs"}


def test_the_next_release_sends_what_is_new_and_takes_away_what_left(hub: HubServer, store: ObjectStore) -> None:
    published(hub, folder_of(store, FIRST))
    api_files = {"LICENSE": b"theirs", "images/logo.txt": b"theirs"}
    hub_client = HubDatasets(TOKEN, hub.url, patience=QUICK)
    _put(hub, api_files)
    hub.log.clear()
    folder = folder_of(store, SECOND)
    plan = publisher(hub, folder, "r2").plan()
    assert plan.files.added == ("index.html", "videos/c.mp4")
    assert plan.files.changed == ("README.md", "metadata.jsonl")
    assert plan.files.gone == ("videos/b ü.mp4",)
    assert (plan.rows.n, plan.rows.added, plan.rows.changed, plan.rows.removed) == (2, 1, 1, 1)
    second = published(hub, folder, "r2")
    assert hub.files(REPO) == SECOND | ATTRS | api_files, "what is not ours stays"
    assert hub.files(REPO, "r1") == FIRST | ATTRS, "an older release stays what it was"
    assert (second.n_sent, second.n_deleted) == (4, 1)
    assert [entry.n_bytes for entry in hub.entries("lfs.put")] == [3000]
    assert hub_client.tags(REPO).keys() == {"r1", "r2"}


def _put(hub: HubServer, files: Mapping[str, bytes], revision: str = "main") -> None:
    """Somebody commits to a repository."""
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(endpoint=hub.url, token=TOKEN)
    added = [CommitOperationAdd(path, data) for path, data in files.items()]
    api.create_commit(REPO, added, commit_message="theirs", repo_type="dataset", revision=revision)


def test_videos_that_a_release_takes_away_are_named_with_the_tags_that_hold_them(
    hub: HubServer, store: ObjectStore
) -> None:
    old_a, new_a, b = (
        f"videos/{n}.{sha256(data).hexdigest()[:12]}.mp4" for n, data in (("a", b"x"), ("a", b"y"), ("b", b"z"))
    )
    published(hub, folder_of(store, FIRST | {old_a: b"x", b: b"z"}))
    client, tags = HubDatasets(TOKEN, hub.url, patience=QUICK), [f"t{i}" for i in range(7)]
    for name in tags:
        client.tag(REPO, name, hub.repos[REPO].at("main").oid)
    folder = folder_of(store, FIRST | {new_a: b"y"})
    plan = publisher(hub, folder, "r2").plan()
    assert plan.withdrawn.files == (b,), "a was only made anew"
    assert (len(plan.withdrawn.tags), plan.withdrawn.has_more) == (5, True)
    assert {*plan.withdrawn.tags} < {"r1", *tags}
    published(hub, folder, "r2")
    assert publisher(hub, folder, "r2").plan().withdrawn == Withdrawn()
    assert held(client, REPO, [new_a]) == Withdrawn((new_a,), ("r2",))
    assert held(client, REPO, [*(f"videos/{i}.mp4" for i in range(501)), "README.md"]).has_more


def test_an_upload_that_breaks_in_a_body_goes_on(hub: HubServer, store: ObjectStore) -> None:
    hub.cut("lfs.put", 10)
    hub.cut("commit", 10, times=2)
    published(hub, folder_of(store, FIRST))
    assert hub.files(REPO) == FIRST | ATTRS
    assert requests_of(hub) == ["merged"]


@pytest.mark.parametrize(
    "op", ["info", "create", "discussions", "discussion.open", "preupload", "lfs.put", "commit", "merge", "tag"]
)
def test_each_step_is_tried_again_after_5xx_and_429(op: str, hub: HubServer, store: ObjectStore) -> None:
    hub.inject(op, times=1, status=503)
    hub.inject(op, times=1, reply=too_many())
    hub.inject(op, times=1, reset=True)
    published(hub, folder_of(store, FIRST), commit_files=9)
    assert hub.files(REPO) == FIRST | ATTRS
    assert requests_of(hub) == ["merged"]
    assert hub.repos[REPO].refs["refs/tags/r1"] == hub.repos[REPO].at("main").oid


def test_a_limit_is_waited_for_as_long_as_the_hub_says(hub: HubServer, store: ObjectStore) -> None:
    waited: list[float] = []
    patience = Patience(n_tries=3, first_s=0.01, longest_s=300.0, wait=waited.append)
    hub.inject("info", times=1, reply=too_many(55))
    assert HubDatasets(TOKEN, hub.url, patience=patience).look(REPO) is None
    assert waited == [55.0]
    hub.inject("info", reply=too_many(1000))
    with pytest.raises(TransientServiceError, match="too many requests"):
        HubDatasets(TOKEN, hub.url, patience=patience).look(REPO)


def test_a_hub_that_stays_away_is_told_in_one_line(hub: HubServer, store: ObjectStore) -> None:
    hub.inject("*", status=500)
    with pytest.raises(TransientServiceError) as caught:
        published(hub, folder_of(store, FIRST))
    assert str(caught.value) == "hub: answers with 500"


@pytest.mark.parametrize("token", ["hf_wrong", ""])
def test_a_token_that_is_not_taken_is_one_line_without_it(token: str, hub: HubServer, store: ObjectStore) -> None:
    client = HubDatasets(token, hub.url, patience=QUICK)
    with pytest.raises(CredentialError) as caught:
        Publisher(client, folder_of(store, FIRST), REPO, Terms("r1")).publish()
    line = str(caught.value)
    assert "HF_TOKEN" in line
    assert "\n" not in line
    assert "hf_wrong" not in line + repr(client)
    assert not hub.repos


@pytest.mark.parametrize(
    ("endpoint", "token", "offline", "name"),
    [
        ("notaurl", TOKEN, False, "HF_ENDPOINT"),
        ("http://", TOKEN, False, "HF_ENDPOINT"),
        ("http://[::1", TOKEN, False, "HF_ENDPOINT"),
        ("https://user:s3cret@a b", TOKEN, False, "HF_ENDPOINT"),
        ("https://user:s3cret@hub.example", TOKEN, False, "HF_ENDPOINT"),
        ("https://hub.example?token=s3cret", TOKEN, False, "HF_ENDPOINT"),
        (None, "hf_s3cret\nx", False, "HF_TOKEN"),
        (None, "hf_s3cr\u00e9t", False, "HF_TOKEN"),
        (None, TOKEN, True, "HF_HUB_OFFLINE"),
    ],
)
def test_settings_that_cannot_be_used_are_told_at_once(
    endpoint: str | None, token: str, *, offline: bool, name: str, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
    waits: list[float] = []
    client = HubDatasets(token, endpoint or hub.url, patience=Patience(wait=waits.append))
    with pytest.raises(RecipeError) as published:
        client.user()
    with pytest.raises(RecipeError) as read:
        HubFiles.open(REPO, None, endpoint=endpoint or hub.url, token=token)
    assert published.value.path == read.value.path == name
    assert "\n" not in str(published.value)
    assert "s3cr" not in str(published.value)
    assert (hub.log, waits) == ([], [])


def test_a_name_that_is_somebody_elses_is_refused(hub: HubServer, store: ObjectStore) -> None:
    client = HubDatasets(TOKEN, hub.url, patience=QUICK)
    with pytest.raises(CredentialError, match="write access"):
        Publisher(client, folder_of(store, FIRST), "other/d", Terms("r1")).publish()


def test_a_public_repository_is_not_published_to_by_a_recipe_that_says_private(
    hub: HubServer, store: ObjectStore
) -> None:
    published(hub, folder_of(store, FIRST), private=False)
    assert not hub.repos[REPO].private
    before = hub.files(REPO)
    for work in (publisher(hub, folder_of(store, SECOND)).plan, publisher(hub, folder_of(store, SECOND)).publish):
        with pytest.raises(RecipeError, match="is public"):
            work()
    assert hub.files(REPO) == before


def test_what_others_commit_meanwhile_is_seen_and_the_folder_is_there_in_the_end(
    hub: HubServer, store: ObjectStore
) -> None:
    published(hub, folder_of(store, FIRST))

    def meanwhile(request: Request, reply: Reply) -> Reply:
        del request
        with hub._lock:
            _commit(hub, {"README.md": b"# theirs\n", "NOTES": b"theirs"})
        return reply

    hub.inject("discussion.open", times=1, change=meanwhile)
    published(hub, folder_of(store, SECOND), "r2")
    assert hub.files(REPO) == SECOND | ATTRS | {"NOTES": b"theirs"}
    assert requests_of(hub) == ["merged", "closed", "merged"], "the first one could not be merged any more"
    assert len(hub.entries("lfs.put")) == 3, "files come once"


@pytest.mark.parametrize("readme", ["", "---\nlicense: mit\n---\n"])
def test_a_repository_that_is_as_good_as_empty_is_published_to(readme: str, hub: HubServer, store: ObjectStore) -> None:
    HubDatasets(TOKEN, hub.url, patience=QUICK).create(REPO, private=True)
    _put(hub, {"README.md": readme.encode()})
    published(hub, folder_of(store, FIRST))
    assert hub.files(REPO) == FIRST | ATTRS


@pytest.mark.parametrize("theirs", [{"README.md": b"# Theirs"}, {"data/train.parquet": b"rows"}])
def test_a_repository_of_other_things_is_refused_and_stays(
    theirs: dict[str, bytes], hub: HubServer, store: ObjectStore
) -> None:
    HubDatasets(TOKEN, hub.url, patience=QUICK).create(REPO, private=True)
    _put(hub, theirs)
    folder = folder_of(store, FIRST)
    for work in (publisher(hub, folder).plan, publisher(hub, folder).publish):
        with pytest.raises(RecipeError, match=f"user/d holds something else .{next(iter(theirs))}."):
            work()
    assert hub.files(REPO) == theirs | ATTRS
    assert not hub.repos[REPO].discussions


def test_files_of_others_in_folders_of_ours_stay(hub: HubServer, store: ObjectStore) -> None:
    published(hub, folder_of(store, FIRST))
    theirs = {"videos/theirs.mp4": b"t" * 100, "data/train.parquet": b"rows", "thumbs/me.jpg": b"me"}
    _put(hub, theirs)
    assert publisher(hub, folder_of(store, SECOND), "r2").plan().files.gone == ("videos/b ü.mp4",)
    published(hub, folder_of(store, SECOND), "r2")
    assert hub.files(REPO) == SECOND | ATTRS | theirs


def test_a_dataset_without_rows_is_nothing_unless_there_were_some(hub: HubServer, store: ObjectStore) -> None:
    empty = FIRST | {"metadata.jsonl": b""}
    assert publisher(hub, folder_of(store, empty)).has_nothing()
    assert not publisher(hub, folder_of(store, FIRST)).has_nothing()
    published(hub, folder_of(store, FIRST))
    assert not publisher(hub, folder_of(store, empty)).has_nothing(), "what readers see is to go"


def test_a_damaged_file_is_not_sent(hub: HubServer, store: ObjectStore) -> None:
    rows = b'{"file_name":"videos/a.mp4","video_id":"A","sha256":"' + b"0" * 64 + b'"}\n'
    with pytest.raises(RecipeError, match=r"videos/a.mp4: this file, the file of A, is damaged"):
        published(hub, folder_of(store, FIRST | {"metadata.jsonl": rows}), commit_files=9)
    assert hub.files(REPO) == ATTRS
    assert not hub.n("lfs.put")


def _commit(hub: HubServer, files: Mapping[str, bytes]) -> None:
    """Somebody's commit to main, without a request: the hub is answering one."""
    from vidpipe_tests.servers.hub_repos import File, git_oid

    for data in files.values():
        hub._contents[git_oid(data)] = data
    named = {path: File(git_oid(data), len(data)) for path, data in files.items()}
    hub.repos[REPO].commit("main", named, {}, "user")


def test_two_who_publish_at_once_make_one_release(hub: HubServer, store: ObjectStore) -> None:
    published(hub, folder_of(store, FIRST))
    folder = folder_of(store, SECOND)
    inside: list[Published] = []

    def beside(request: Request, reply: Reply) -> Reply:
        del request
        inside.append(published(hub, folder, "r2"))
        return reply

    hub.inject("discussion.open", times=1, change=beside)
    last = published(hub, folder, "r2")
    assert hub.files(REPO) == SECOND | ATTRS
    assert inside[0].revision == last.revision == hub.repos[REPO].refs["refs/tags/r2"]


def test_a_branch_that_moves_for_ever_ends_in_one_line(hub: HubServer, store: ObjectStore) -> None:
    hub.inject("commit", status=412)
    with pytest.raises(MovedError, match="try again later"):
        published(hub, folder_of(store, FIRST))


def test_what_the_hub_refuses_is_told_with_its_words(hub: HubServer, store: ObjectStore) -> None:
    hub.inject("commit", status=400, body={"error": "Too many files in videos"})
    with pytest.raises(RejectedRequestError, match="refuses with 400: Too many files in videos"):
        published(hub, folder_of(store, FIRST))


def test_requests_of_others_are_not_ours(hub: HubServer, store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    published(hub, folder_of(store, FIRST), private=False)
    hub.tokens["hf_other"] = "other"
    api_of(hub, monkeypatch, "hf_other").create_pull_request(REPO, "vidpipe: release r2", repo_type="dataset")
    published(hub, folder_of(store, SECOND), "r2", private=False)
    assert requests_of(hub) == ["merged", "draft", "merged"]


@pytest.mark.parametrize("fault", [{"status": 501}, {"reset": True}])  # the library itself waits long after others
def test_a_file_that_cannot_be_asked_for_is_not_taken_for_missing(
    fault: dict[str, Any], hub: HubServer, store: ObjectStore
) -> None:
    published(hub, folder_of(store, FIRST))
    client = HubDatasets(TOKEN, hub.url, patience=QUICK)
    assert client.read(REPO, "main", "nothing.txt") is None
    hub.inject("resolve", times=1, **fault)
    assert client.read(REPO, "main", "README.md") == FIRST["README.md"]
    hub.inject("resolve", **fault)
    with pytest.raises(TransientServiceError):
        HubDatasets(TOKEN, hub.url, patience=replace(QUICK, n_tries=1)).read(REPO, "main", "README.md")


def test_a_repository_that_others_see_gets_nothing_though_it_came_just_now(hub: HubServer, store: ObjectStore) -> None:
    def opened(_: Request, reply: Reply) -> Reply:
        hub.repos[REPO].private = False
        return reply

    hub.inject("create", change=opened)
    with pytest.raises(RecipeError, match="user/d is public"):
        publisher(hub, folder_of(store, FIRST)).publish()
    assert hub.files(REPO) == ATTRS
    assert not hub.repos[REPO].discussions
