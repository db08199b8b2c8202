"""`vidpipe publish` as a person uses it: to a local Hub and a folder, killed half-way, and read back by `datasets`."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vidpipe.export.changelog import ENTRY
from vidpipe.export.space import DATA
from vidpipe_tests.commands import Begun, call
from vidpipe_tests.e2e.projects import Line, make_small, make_sources
from vidpipe_tests.e2e.services import edit
from vidpipe_tests.servers.hub import TOKEN, HubServer
from vidpipe_tests.servers.hub_clients import hub_environment, with_datasets
from vidpipe_tests.servers.wire import Reply

LEVELS = {"scenes": "user/films", "segments": "user/films-segments", "episodes": "user/films-episodes"}
SPACES = {level: f"spaces/{repo}-explorer" for level, repo in LEVELS.items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """Two videos of one's own, run to the end, nothing said of publishing."""
    folder = tmp_path_factory.mktemp("published")
    line = Line.at(folder / "project", make_sources(folder / "videos", 2, broken=False))
    edit(line, {"queries: null": "queries: {}", "licences: [cc-by, cc0, own]": "licences: [unknown]"})
    line.run()
    return line


@pytest.fixture(scope="module")
def allowed(made: Line) -> Line:
    """The same, with a repository and leave to publish what was measured; the datasets are written again."""
    line = made.copy(made.folder.parent / "allowed")
    edit(line, {"repo: null": "repo: user/films", "allow_offline: false": "allow_offline: true"})
    line.run()
    return line


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """An empty one."""
    with HubServer() as hub:
        yield hub


def contents(line: Line, level: str) -> dict[str, bytes]:
    """What a dataset's folder holds."""
    root = line.folder / "store/datasets" / level
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def seen(hub: HubServer, repo: str) -> dict[str, bytes]:
    """What readers see of a repository."""
    return {name: data for name, data in hub.files(repo).items() if name != ".gitattributes"}


def test_without_a_repository_it_says_what_would_be_published_and_how(made: Line) -> None:
    done = made("publish")
    assert done.returncode == 0, done.stderr
    assert "scenes" in done.stdout
    assert "publishing.repo" in done.stdout
    assert "raw answers" in done.stdout
    document = json.loads(made("publish", "--json").stdout)
    assert not document["published"]
    assert [one["dataset"] for one in document["datasets"]] == list(LEVELS)
    assert all(one["rows"]["added"] == one["rows"]["n"] == 2 for one in document["datasets"])
    assert "hf_upload" not in [counts["asset"] for counts in made.status()["assets"]]


def test_a_folder_becomes_the_mirror_of_every_dataset(made: Line, tmp_path: Path) -> None:
    target = tmp_path / "mirror"
    for expected in (2, 0):
        done = made("publish", "--to", str(target), "--json")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert [one["rows"]["added"] for one in document["datasets"]] == [expected] * 3
        for level in LEVELS:
            there = {p.relative_to(target / level).as_posix(): p.read_bytes() for p in (target / level).rglob("*.*")}
            assert there == contents(made, level)
    assert sum(one["bytes_to_send"] for one in document["datasets"]) == 0


def test_what_no_run_wrote_is_left_out_and_what_is_damaged_refused(made: Line, tmp_path: Path) -> None:
    line, target = made.copy(tmp_path / "project"), tmp_path / "mirror"
    scenes = line.folder / "store/datasets/scenes"
    for name in ("secrets.env", ".DS_Store", "thumbs/private.jpg", "videos/private.mp4"):
        (scenes / name).write_bytes(b"private")
    done = line("publish", "--to", str(target))
    assert done.returncode == 0, done.stderr
    told = (
        "scenes: not published, since no run wrote it: .DS_Store, secrets.env, thumbs/private.jpg, videos/private.mp4"
    )
    assert done.stderr == f"vidpipe: {told}\n"
    assert not [path for path in target.rglob("*") if path.is_file() and path.read_bytes() == b"private"]
    assert (target / "scenes/metadata.jsonl").is_file()
    video = next(path for path in (scenes / "videos").rglob("*.mp4") if path.name != "private.mp4")
    data = bytearray(video.read_bytes())
    data[len(data) // 2] ^= 1
    video.unlink()  # it is a link to the run's own file
    video.write_bytes(data)
    done = line("publish", "--to", str(tmp_path / "other"))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{video.relative_to(scenes).as_posix()}: this file, the file of " in done.stderr
    assert "is damaged" in done.stderr


@pytest.mark.parametrize("place", ["", "store/datasets", "out", ".."])
def test_no_mirror_lies_in_the_project_nor_around_it(made: Line, place: str) -> None:
    done = made("publish", "--to", str(made.folder / place))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("vidpipe: --to: ")


def test_offline_annotations_go_to_no_hub_unless_the_recipe_allows_it(
    allowed: Line, hub: HubServer, tmp_path: Path
) -> None:
    line = allowed.copy(tmp_path / "project")
    edit(line, {"allow_offline: true": "allow_offline: false"})
    done = line("publish", env=hub_environment(hub, tmp_path / "home"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("vidpipe: publishing.allow_offline: 2 rows of scenes hold offline annotations")
    assert not hub.log, "nobody was asked"


def test_a_dataset_that_is_behind_or_not_whole_is_named_and_nothing_sent(
    made: Line, allowed: Line, hub: HubServer, tmp_path: Path
) -> None:
    env = hub_environment(hub, tmp_path / "home")
    behind, broken = made.copy(tmp_path / "behind"), allowed.copy(tmp_path / "broken")
    edit(behind, {"repo: null": "repo: user/films"})
    next((broken.folder / "store/datasets/segments/videos").rglob("*.mp4")).unlink()
    for line, told in ((behind, "scene_dataset: was made by another recipe"), (broken, "segment_dataset: ")):
        done = line("publish", env=env)
        assert (done.returncode, done.stdout) == (1, "")
        assert told in done.stderr
        assert "vidpipe run" in done.stderr
    assert not hub.log, "nobody was asked"


def test_what_the_hub_is_not_asked_with_is_one_line_and_exit_2(allowed: Line, hub: HubServer, tmp_path: Path) -> None:
    for token, told in (("", "no token"), ("hf_wrong_4711", "not accepted")):
        done = allowed("publish", env=hub_environment(hub, tmp_path / "home", HF_TOKEN=token))
        assert (done.returncode, done.stdout) == (2, "")
        assert told in done.stderr
        assert done.stderr.count("\n") == 1
        assert "4711" not in done.stderr
        found = allowed("doctor", env=hub_environment(hub, tmp_path / "home", HF_TOKEN=token)).stdout
        assert "hf auth login" in found
        assert "4711" not in found
    for name, value in (("HF_ENDPOINT", "notaurl"), ("HF_HUB_OFFLINE", "1")):
        env = hub_environment(hub, tmp_path / "home", **{name: value})
        for done in (allowed("publish", env=env), call("verify", "hf://datasets/user/films", env=env)):
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.args
            assert done.stderr.startswith(f"vidpipe: {name}: ")
    assert "nothing can be published" in allowed("doctor", env=env).stdout
    assert "knows the token: user" in allowed("doctor", env=hub_environment(hub, tmp_path / "home")).stdout


def test_a_run_never_publishes(allowed: Line, hub: HubServer, tmp_path: Path) -> None:
    env = hub_environment(hub, tmp_path / "home")
    counts = allowed.counts("hf_upload")
    assert (counts["in"], counts["ok"], counts["pending"]) == (1, 0, {"not asked for": 1})
    assert "vidpipe publish" in allowed("run", "--only", "hf_upload", env=env).stderr
    assert not hub.log


LOADED = """
import json, sys
from datasets import Video, load_dataset
found = {}
for name in sys.argv[1:]:
    rows = load_dataset(name)["train"]
    if "video" in rows.column_names:
        rows = rows.cast_column("video", Video(decode=False))
    found[name] = [dict(row, video=str((row.get("video") or {}).get("path")).rpartition("/")[2]) for row in rows]
print(json.dumps(found, default=str))
"""


def test_a_release_is_complete_after_a_kill_and_reads_as_its_folder(
    allowed: Line, hub: HubServer, tmp_path: Path
) -> None:
    line, env = allowed.copy(tmp_path / "project"), hub_environment(hub, tmp_path / "home")
    edit(line, {"space: false": "space: true"})
    began: list[Begun] = []
    hub.inject("lfs.put", skip=4, times=1, change=lambda _, reply: _killed(began, reply))
    began.append(line.begin("publish", env=env))
    assert began[0].wait() == -signal.SIGKILL
    assert all(not seen(hub, repo) for repo in hub.repos), "nothing is seen of half a release"
    n_put = hub.n("lfs.put")
    assert n_put == 5
    plan = line("publish", "--plan", env=env)
    assert plan.returncode == 0, plan.stderr
    assert "scenes" in plan.stdout
    assert "user/films-segments (private" in plan.stdout
    assert "2 rows: 2 added" in plan.stdout
    assert "segments, Space" in plan.stdout
    assert "user/films-segments-explorer (private, new)" in plan.stdout
    _space_is_killed(line, hub, env)
    done = line("publish", "--json", env=env)
    assert done.returncode == 0, done.stderr
    for level, repo in LEVELS.items():
        assert seen(hub, repo) == contents(line, level)
        assert hub.repos[repo].private
        assert [one.status for one in hub.repos[repo].discussions.values()] == ["merged"]
    puts = [entry.path for entry in hub.entries("lfs.put")]
    assert len(puts) == len(set(puts)), "no file was sent twice"
    document = json.loads(done.stdout)
    assert document["published"]
    scenes = document["datasets"][0]
    assert (scenes["repo"], scenes["rows"]) == ("user/films", {"n": 2, "added": 0, "changed": 0, "removed": 0})
    assert hub.repos["user/films"].refs[f"refs/tags/{scenes['release']}"] == scenes["revision"]
    assert line.counts("hf_upload")["ok"] == 1
    _spaces_show(document, hub, line)
    _reads_as_its_folder(line, hub, tmp_path)
    n_before = hub.n("commit")
    again = line("publish", env=env)
    assert again.returncode == 0, again.stderr
    assert "Nothing to publish" in again.stdout
    assert hub.n("commit") == n_before
    line.is_whole()
    _next_release(line, hub, env)


def _killed(began: list[Begun], reply: Reply) -> Reply:
    os.kill(began[0].pid, signal.SIGKILL)
    return reply


def _space_is_killed(line: Line, hub: HubServer, env: dict[str, str]) -> None:
    """A publication that ends when its first Space is about to be seen: the datasets are there, the rest follows."""
    began: list[Begun] = []
    hub.inject("merge", skip=len(LEVELS), times=1, change=lambda _, reply: _killed(began, reply))
    began.append(line.begin("publish", env=env))
    assert began[0].wait() == -signal.SIGKILL
    assert set(hub.repos) == {*LEVELS.values(), SPACES["scenes"]}


def _spaces_show(document: Any, hub: HubServer, line: Line) -> None:
    """Each Space is private, shows the commit of its dataset, and reads through the real client."""
    from huggingface_hub import HfApi

    api = HfApi(endpoint=hub.url, token=TOKEN)
    for dataset, told in zip(document["datasets"], document["spaces"], strict=True):
        name = f"{dataset['repo']}-explorer"
        assert (told["dataset"], told["repo"]) == (dataset["dataset"], name)
        assert told["url"] == f"{hub.url}/spaces/{name}"
        facts = api.space_info(name)
        assert (facts.sdk, facts.private, facts.sha) == ("static", True, told["revision"])
        files = hub.files(SPACES[dataset["dataset"]])
        data = DATA.search(files["index.html"].decode())
        assert data is not None
        media = f"{hub.url}/datasets/{dataset['repo']}/resolve/{dataset['revision']}/"
        assert json.loads(data[1])["media"] == media
        here = contents(line, dataset["dataset"])
        assert {path for path in files if path.startswith("explorer/")}
        assert all(data == here[path] for path, data in files.items() if path.startswith("explorer/"))
        assert not [path for path in files if path.endswith(".mp4")]


def _reads_as_its_folder(line: Line, hub: HubServer, home: Path) -> None:
    folders = {repo: str(line.folder / "store/datasets" / level) for level, repo in LEVELS.items()}
    code = f"import sys; sys.argv[1:] = {[*folders, *folders.values()]!r}\n{LOADED}"
    found = json.loads(with_datasets(hub, home / "datasets", code).splitlines()[-1])
    for repo, folder in folders.items():
        there, here = found[repo], found[folder]
        assert len(there) == 2
        assert there == here


def _was_published_once(hub: HubServer) -> None:
    """A video lies there, now and under a tag, that is not in the dataset."""
    from huggingface_hub import HfApi
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    api = HfApi(endpoint=hub.url, token=TOKEN)
    api.upload_file(
        path_or_fileobj=b"x", path_in_repo="videos/w.2d711642b726.mp4", repo_id="user/films", repo_type="dataset"
    )
    api.create_tag("user/films", tag="older", repo_type="dataset")


def _next_release(line: Line, hub: HubServer, env: dict[str, str]) -> None:
    """One video more and one less: rows and files follow, and the old release stays by its tag."""
    _was_published_once(hub)
    before = dict(hub.repos["user/films"].refs)
    more = line.folder.parent / "more"
    more.mkdir()
    make_small(more / "v7.mp4", 7)
    edit(line, {"sources: [": f"sources: ['{more}', "})
    line.run(env=env)
    assert line.counts("hf_upload")["pending"] == {"not asked for": 1}
    done = line("publish", "--json", env=env)
    document = json.loads(done.stdout)
    assert [one["withdrawn"] for one in document["datasets"]] == [
        {"files": 1, "tags": ["older"]},
        *[{"files": 0, "tags": []}] * 2,
    ]
    (warning,) = [text for text in done.stderr.splitlines() if "can still be read" in text]
    assert warning.startswith("vidpipe: scenes: 1 video that ")
    assert "HfApi().delete_tag('user/films', tag='older', repo_type='dataset')" in warning
    assert [one["rows"]["added"] for one in document["datasets"]] == [1, 1, 1]
    assert [one["rows"]["changed"] for one in document["datasets"]] == [0, 0, 0]
    for level, repo in LEVELS.items():
        assert seen(hub, repo) == contents(line, level)
        space = hub.files(SPACES[level])["index.html"]
        assert hub.repos[repo].refs["refs/heads/main"].encode() in space
    log = seen(hub, "user/films")["CHANGELOG.md"].decode()
    assert ENTRY.findall(log)[0] == document["datasets"][0]["release"]
    assert f"refs/tags/{ENTRY.findall(log)[1]}" in before, "one entry for each release that was published"
    after = hub.repos["user/films"].refs
    tags = {name for name in before if name.startswith("refs/tags/")}
    assert {name: after[name] for name in tags} == {name: before[name] for name in tags}
    assert len([name for name in after if name.startswith("refs/tags/")]) == 3
    assert all(entry.credential in ("", TOKEN) for entry in hub.log)
