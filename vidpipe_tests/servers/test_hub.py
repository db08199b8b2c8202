"""The emulated Hub, as the real huggingface_hub and datasets see it: what they can do, and how it fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vidpipe_tests.servers.hub import TOKEN, HubServer, too_many
from vidpipe_tests.servers.hub_clients import api_of, with_datasets
from vidpipe_tests.servers.hub_repos import MAIN, RefusedError, Repo, large_file

if TYPE_CHECKING:
    from huggingface_hub import HfApi

D, R = "user/d", "dataset"
VIDEO = bytes(range(256)) * 1000


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """Files above 100 kB come in parts."""
    with HubServer(part_bytes=100_000) as hub:
        yield hub


@pytest.fixture
def api(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> "HfApi":
    """With a token, and a private repository."""
    api = api_of(hub, monkeypatch)
    api.create_repo(D, repo_type=R, private=True)
    return api


def folder_at(path: Path) -> Path:
    (path / "videos").mkdir(parents=True)
    (path / "videos/a.mp4").write_bytes(VIDEO)
    (path / "videos/b ü.mp4").write_bytes(b"b" * 50)
    (path / "README.md").write_text("---\nlicense: cc0-1.0\n---\nhi\n")
    return path


def test_a_folder_goes_onto_a_pull_request_and_to_main_at_once(api: "HfApi", hub: HubServer, tmp_path: Path) -> None:
    folder = folder_at(tmp_path / "d")
    api.upload_folder(repo_id=D, repo_type=R, folder_path=folder, create_pr=True)
    assert api.list_repo_files(D, repo_type=R) == [".gitattributes"]
    (request,) = api.get_repo_discussions(D, repo_type=R, author="user", discussion_status="open")
    assert (request.num, request.status, request.is_pull_request) == (1, "draft", True)
    api.merge_pull_request(D, 1, repo_type=R)
    assert api.get_discussion_details(D, 1, repo_type=R).status == "merged"
    kept = {name: data for name, data in hub.files(D).items() if name != ".gitattributes"}
    assert kept == {name: (folder / name).read_bytes() for name in ("README.md", "videos/a.mp4", "videos/b ü.mp4")}
    assert hub.n("lfs.part") == 3
    assert hub.n("lfs.complete") == hub.n("lfs.put") == 1
    assert api.upload_folder(repo_id=D, repo_type=R, folder_path=folder).oid == api.dataset_info(D).sha
    assert hub.n("commit") == 1, "nothing is sent again"
    downloaded = api.hf_hub_download(D, "videos/a.mp4", repo_type=R, cache_dir=tmp_path / "cache")
    assert Path(downloaded).read_bytes() == VIDEO


def test_names_of_commits_files_and_folders_are_told_and_wrong_ones_refused(api: "HfApi", tmp_path: Path) -> None:
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    api.upload_folder(repo_id=D, repo_type=R, folder_path=folder_at(tmp_path / "d"))
    api.create_tag(D, tag="v1", repo_type=R)
    api.create_branch(D, branch="b", repo_type=R)
    api.delete_file("README.md", D, repo_type=R)
    refs = api.list_repo_refs(D, repo_type=R)
    assert [ref.name for ref in (*refs.branches, *refs.tags)] == ["main", "b", "v1"]
    assert "README.md" in api.list_repo_files(D, repo_type=R, revision="v1")
    assert len(api.list_repo_commits(D, repo_type=R)) == 3
    assert [one.path for one in api.get_paths_info(D, ["README.md", "videos/a.mp4"], repo_type=R)] == ["videos/a.mp4"]
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(D, "nowhere", repo_type=R))
    with pytest.raises(RevisionNotFoundError):
        api.dataset_info(D, revision="nowhere")
    with pytest.raises(RepositoryNotFoundError):
        api.dataset_info("user/other")
    for refused in (lambda: api.create_tag(D, tag="v1", repo_type=R), lambda: api.create_repo(D, repo_type=R)):
        with pytest.raises(HfHubHTTPError, match="409"):
            refused()


def test_nobody_else_sees_or_changes_what_is_private(
    api: "HfApi", hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    hub.tokens["hf_other"] = "other"
    for token in ("hf_other", ""):
        with pytest.raises(RepositoryNotFoundError):
            api_of(hub, monkeypatch, token).dataset_info(D)
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        api_of(hub, monkeypatch, "hf_wrong").whoami()
    with pytest.raises(HfHubHTTPError, match="403"):
        api_of(hub, monkeypatch, "hf_other").create_repo("user/e", repo_type=R)
    assert api.whoami()["name"] == "user"


def test_a_commit_after_somebody_elses_is_refused_with_412(api: "HfApi") -> None:
    from huggingface_hub import CommitOperationAdd
    from huggingface_hub.errors import HfHubHTTPError

    before = api.dataset_info(D).sha
    commit = [CommitOperationAdd("a.txt", b"a")]
    api.create_commit(D, commit, commit_message="a", repo_type=R, parent_commit=before)
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_commit(D, [CommitOperationAdd("b.txt", b"b")], commit_message="b", repo_type=R, parent_commit=before)
    assert caught.value.response.status_code == 412


def test_steps_fail_as_they_are_told_to(api: "HfApi", hub: HubServer, tmp_path: Path) -> None:
    from huggingface_hub import CommitOperationAdd
    from huggingface_hub.errors import HfHubHTTPError

    hub.inject("preupload", times=1, reply=too_many())
    hub.cut("lfs.put", 10)
    hub.inject("commit", times=1, status=500)
    (tmp_path / "a.mp4").write_bytes(VIDEO[:1000])
    for expected in ("500", ""):
        added = [CommitOperationAdd("a.mp4", tmp_path / "a.mp4")]
        if expected:
            with pytest.raises(HfHubHTTPError, match=expected):
                api.create_commit(D, added, commit_message="a", repo_type=R)
        else:
            api.create_commit(D, added, commit_message="a", repo_type=R)
    puts = [(entry.delivered, entry.n_bytes) for entry in hub.entries("lfs.put")]
    assert puts == [("reset", 10), ("whole", 1000)], "what had arrived is not sent again"
    assert [entry.status for entry in hub.entries("preupload")] == [429, 200, 200]
    assert [entry.note for entry in hub.entries("commit")] == ["file:0 lfsFile:1 deletedFile:0"] * 2


def test_requests_that_change_the_same_file_conflict_and_others_do_not() -> None:
    one, other = large_file("a" * 64, 1), large_file("b" * 64, 2)
    repo = Repo("user/d", kind="datasets", private=True, files={".gitattributes": one})
    first, second = (repo.open(title, "user", is_pull_request=True) for title in ("first", "second"))
    repo.commit(first.ref, {"a": one, "c": one}, {}, "user")
    repo.commit(second.ref, {"a": other, "b": other}, {}, "user")
    repo.merge(first, "user")
    assert repo.conflicts(second) == ["a"]
    with pytest.raises(RefusedError, match="conflicts"):
        repo.merge(second, "user")
    repo.commit(second.ref, {"a": one}, {}, "user")
    repo.merge(second, "user")
    assert set(repo.at(MAIN).files) == {".gitattributes", "a", "b", "c"}


def test_a_folder_takes_no_more_than_the_hub_allows() -> None:
    repo = Repo("user/d", kind="datasets", private=True, files={".gitattributes": large_file("a" * 64, 1)})
    files = {f"videos/{i}.mp4": large_file("a" * 64, 1) for i in range(10_001)}
    with pytest.raises(RefusedError, match="10000 entries"):
        repo.commit("main", files, {}, "user")
    repo.commit("main", dict(list(files.items())[1:]), {}, "user")


PUSHED = """
from datasets import Dataset, load_dataset
Dataset.from_dict({"a": [1, 2, 3], "b": ["x", "y", "z"]}).push_to_hub("user/table", private=True)
print(load_dataset("user/table")["train"][:])
"""


def test_datasets_pushes_and_loads_by_xet_as_people_have_it(hub: HubServer, tmp_path: Path) -> None:
    told = with_datasets(hub, tmp_path, PUSHED, HF_HUB_DISABLE_XET="0")
    assert "{'a': [1, 2, 3], 'b': ['x', 'y', 'z']}" in told
    assert hub.n("xet.token")
    assert not hub.n("lfs.batch")
    assert all(entry.credential in ("", TOKEN) for entry in hub.log)


def test_a_space_is_another_repository_than_the_dataset_of_its_name(
    api: "HfApi", hub: HubServer, tmp_path: Path
) -> None:
    url = api.create_repo(D, repo_type="space", space_sdk="static")
    assert (url.repo_type, str(url)) == ("space", f"{hub.url}/spaces/{D}")
    api.upload_folder(repo_id=D, repo_type="space", folder_path=folder_at(tmp_path / "d"), create_pr=True)
    assert api.get_discussion_details(D, 1, repo_type="space").status == "draft"
    api.merge_pull_request(D, 1, repo_type="space")
    found = api.space_info(D)
    assert (found.sdk, found.private, api.dataset_info(D).private) == ("static", False, True)
    downloaded = api.hf_hub_download(D, "videos/a.mp4", repo_type="space", cache_dir=tmp_path / "cache")
    assert Path(downloaded).read_bytes() == VIDEO
    assert api.list_repo_files(D, repo_type=R) == [".gitattributes"]
    api.delete_repo(D, repo_type="space")
    assert list(hub.repos) == [D]
