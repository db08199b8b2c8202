"""Spaces beside datasets, through the real huggingface_hub: what they hold, who sees them, and what a fault leaves."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from resources.hub import HubDatasets
from resources.patience import Patience
from vidpipe.errors import RecipeError, TransientServiceError
from vidpipe.export.explorer import Explorer
from vidpipe.export.explorer_views import ExplorerVideo
from vidpipe.export.publishing import NO_COMMIT, Published, Publisher, ReleasePlan, Terms
from vidpipe.export.release_plan import ReleaseFolder
from vidpipe.export.space import DATA, space_of
from vidpipe.export.space_publishing import refuse_other_space, space_publisher
from vidpipe.repositories import Change
from vidpipe.store.objects import ObjectStore
from vidpipe_tests.servers.hub import TOKEN, HubServer
from vidpipe_tests.servers.hub_clients import api_of

pytestmark = pytest.mark.usefixtures("by_lfs")
REPO, SPACE = "user/d", "user/d-explorer"
QUICK = Patience(n_tries=2, first_s=0.01)


def folder_of(store: ObjectStore, *names: str) -> ReleaseFolder:
    """A dataset of some videos."""
    for stored in list(store.list("datasets/scenes")):
        store.delete(stored.key)
    files: dict[str, bytes] = {}
    explorer = Explorer(files.__setitem__)
    for name in names:
        files[f"videos/{name}.mp4"] = name.encode() * 1000
        explorer.add(ExplorerVideo(name, name.upper(), f"videos/{name}.mp4", duration_s=1.0))
    files |= {
        "provenance/made_by.json": b"{}",
        "index.html": explorer.page([], title="D").encode(),
        "README.md": f"# {names}\n".encode(),
    }
    for path, data in files.items():
        store.put(f"datasets/scenes/{path}", data)
    return ReleaseFolder(store, "datasets/scenes")


def dataset_publisher(hub: HubServer, folder: ReleaseFolder, release: str, *, private: bool = True) -> Publisher:
    return Publisher(HubDatasets(TOKEN, hub.url, patience=QUICK), folder, REPO, Terms(release, private=private))


def of_space(hub: HubServer, folder: ReleaseFolder, dataset: Published | ReleasePlan) -> Publisher:
    client = HubDatasets(TOKEN, hub.url, patience=QUICK, repo_type="space")
    return space_publisher(client, folder, dataset)


def published(hub: HubServer, folder: ReleaseFolder, release: str = "r1", *, private: bool = True) -> Published:
    """What was published of a dataset's Space, after the dataset."""
    dataset = dataset_publisher(hub, folder, release, private=private).publish()
    return of_space(hub, folder, dataset).publish()


def media_of(files: dict[str, bytes]) -> str:
    """Where a Space's page looks for videos."""
    found = DATA.search(files["index.html"].decode())
    assert found is not None
    return str(json.loads(found[1])["media"])


def test_a_space_shows_the_commit_that_holds_the_release_and_is_sent_once(
    hub: HubServer, store: ObjectStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = folder_of(store, "a", "b")
    made = published(hub, folder)
    assert (made.url, made.is_private, made.n_deleted) == (f"{hub.url}/spaces/{SPACE}", True, 0)
    assert set(hub.repos) == {REPO, f"spaces/{SPACE}"}
    api = api_of(hub, monkeypatch)
    facts = api.space_info(SPACE)
    assert (facts.sdk, facts.private, facts.sha) == ("static", True, made.revision)
    there = api.list_repo_files(SPACE, repo_type="space")
    assert not [path for path in there if path.startswith("videos/")], "no video is sent twice"
    files = {p: Path(api.hf_hub_download(SPACE, p, repo_type="space", local_dir=tmp_path)).read_bytes() for p in there}
    explorer = {path for path in folder.files() if path.startswith("explorer/")}
    assert {path: files[path] for path in explorer} == {path: hub.files(REPO)[path] for path in explorer}
    assert media_of(files) == f"{hub.url}/datasets/{REPO}/resolve/{hub.repos[REPO].at('main').oid}/"
    assert yaml.safe_load(files["README.md"].decode().split("---\n")[1])["datasets"] == [REPO]
    assert files["style.css"], "what the Hub or others put there stays"
    hub.log.clear()
    assert published(hub, folder).n_sent == 0
    assert {entry.op for entry in hub.log} == {"info", "tree", "refs", "resolve"}, "what is there is looked at"


def test_the_next_release_changes_the_space_and_a_plan_says_so_to_the_byte(hub: HubServer, store: ObjectStore) -> None:
    published(hub, folder_of(store, "a"))
    first = media_of(hub.files(f"spaces/{SPACE}"))
    folder = folder_of(store, "a", "b")
    plan = dataset_publisher(hub, folder, "r2").plan()
    assert plan.revision == NO_COMMIT
    space = of_space(hub, folder, plan).plan()
    assert media_of(hub.files(f"spaces/{SPACE}")) == first
    client = HubDatasets(TOKEN, hub.url, patience=QUICK, repo_type="space")
    client.commit(SPACE, "main", Change({"data/own.txt": Path(__file__)}, message="theirs"))
    made = published(hub, folder, "r2")
    assert (made.n_sent, made.n_bytes) == (len(space.files.sent), space.files.n_bytes)
    assert made.n_deleted == len(space.files.gone) > 0
    assert media_of(hub.files(f"spaces/{SPACE}")) != first
    assert "data/own.txt" in hub.files(f"spaces/{SPACE}"), "what is not ours stays"
    assert media_of(hub.files(f"spaces/{SPACE}", "r1")) == first
    plan = dataset_publisher(hub, folder, "r2").plan()
    assert not of_space(hub, folder, plan).plan().files


@pytest.mark.parametrize("op", ["create", "commit", "merge", "tag"])
def test_a_space_that_failed_after_its_dataset_is_made_the_next_time(
    hub: HubServer, store: ObjectStore, op: str
) -> None:
    folder = folder_of(store, "a")
    dataset = dataset_publisher(hub, folder, "r1").publish()
    hub.inject(op, times=QUICK.n_tries, status=500)
    with pytest.raises(TransientServiceError):
        of_space(hub, folder, dataset).publish()
    if op != "create":
        assert hub.repos[f"spaces/{SPACE}"].private
    n_put = hub.n("lfs.put")
    published(hub, folder)
    assert hub.n("lfs.put") == n_put, "of the dataset nothing is sent again"
    space = hub.repos[f"spaces/{SPACE}"]
    assert [one.status for one in space.discussions.values()] == ["merged"]
    assert space.refs["refs/tags/r1"] == space.at("main").oid
    assert dataset.revision in media_of(hub.files(f"spaces/{SPACE}"))


def test_a_private_datasets_space_is_private_and_says_what_it_cannot_show(hub: HubServer, store: ObjectStore) -> None:
    folder = folder_of(store, "a")
    made = published(hub, folder, private=False)
    assert not made.is_private
    assert b"private" not in hub.files(f"spaces/{SPACE}")["README.md"]
    dataset = replace(dataset_publisher(hub, folder, "r1", private=False).publish(), is_private=True)
    with pytest.raises(RecipeError, match="user/d-explorer is public, and user/d, which it shows, is private"):
        of_space(hub, folder, dataset).plan()
    hub.repos[f"spaces/{SPACE}"].private = True
    of_space(hub, folder, dataset).publish()
    assert b"is private" in hub.files(f"spaces/{SPACE}")["README.md"]


def test_a_folder_without_an_explorer_has_no_space(hub: HubServer, store: ObjectStore) -> None:
    folder = folder_of(store, "a")
    dataset = dataset_publisher(hub, folder, "r1").publish()
    store.put("datasets/scenes/index.html", b"<p>")
    with pytest.raises(RecipeError, match="user/d: need the index"):
        of_space(hub, folder, dataset)


OTHERS = {
    "a page of their own": {"index.html": b"<h1>Mine</h1>"},
    "a card of their own": {"README.md": b"---\nsdk: static\n---\nMine\n"},
    "a page of their own beside data of ours": {"index.html": b"<h1>Mine</h1>", "explorer/index-0.js": b"[]"},
    "the explorer of another dataset": {
        "index.html": space_of(Explorer(lambda *_: None).page([], title="D"), repo="user/other").written["index.html"]
    },
}


@pytest.mark.parametrize("files", OTHERS.values(), ids=OTHERS)
def test_a_space_of_somebody_is_refused_and_nothing_is_sent(
    hub: HubServer, store: ObjectStore, files: dict[str, bytes], tmp_path: Path
) -> None:
    client = HubDatasets(TOKEN, hub.url, patience=QUICK, repo_type="space")
    client.create(SPACE, private=True)
    refuse_other_space(client, REPO)
    put = {name: tmp_path / name.replace("/", "_") for name in files}
    for name, path in put.items():
        path.write_bytes(files[name])
    client.commit(SPACE, "main", Change(put, message="theirs"))
    before = hub.files(f"spaces/{SPACE}")
    folder = folder_of(store, "a")
    dataset = dataset_publisher(hub, folder, "r1").publish()
    n_changes = hub.n("commit") + hub.n("discussion.open")
    told = "^publishing.space: user/d-explorer holds something else .README.md., and not the explorer of user/d; "
    for work in (of_space(hub, folder, dataset).plan, of_space(hub, folder, dataset).publish):
        with pytest.raises(RecipeError, match=told):
            work()
    with pytest.raises(RecipeError, match=told):
        refuse_other_space(client, REPO)
    assert hub.n("commit") + hub.n("discussion.open") == n_changes
    assert hub.files(f"spaces/{SPACE}") == before


def test_our_space_is_known_by_its_page_whatever_stands_beside_it(
    hub: HubServer, store: ObjectStore, tmp_path: Path
) -> None:
    published(hub, folder_of(store, "a"))
    client = HubDatasets(TOKEN, hub.url, patience=QUICK, repo_type="space")
    (tmp_path / "README.md").write_text("Words of theirs.\n")
    client.commit(SPACE, "main", Change({"README.md": tmp_path / "README.md"}, message="theirs"))
    refuse_other_space(client, REPO)
    assert published(hub, folder_of(store, "a", "b"), "r2").n_sent > 0
