"""What `doctor` says of the Hub: it is asked where something is to be published, of Spaces where they are wanted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.hub import HubDatasets
from vidpipe.cli.hub_found import hub_findings
from vidpipe.repositories import Change
from vidpipe_tests.servers.hub import TOKEN, HubServer


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """An empty one, which the environment names."""
    with HubServer() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield hub


def found(folder: Path, publishing: str) -> list[tuple[str, bool, str]]:
    """What is told where the recipe says this."""
    (folder / "recipe.yaml").write_text(f"publishing: {{{publishing}}}\nqueries: {{}}\n")
    return list(hub_findings(folder))


def test_the_names_of_spaces_are_looked_at_where_they_are_wanted(hub: HubServer, tmp_path: Path) -> None:
    assert [well for _, well, _ in found(tmp_path, "")] == [True]
    assert not hub.log, "nobody was asked"
    assert len(found(tmp_path, "repo: user/films")) == 1
    assert {entry.op for entry in hub.log} == {"whoami"}
    names = "Spaces user/films-explorer, user/films-segments-explorer, user/films-episodes-explorer"
    wanted = "repo: user/films, space: true"
    assert found(tmp_path, wanted)[1:] == [(f"{names}: each name is free, or the Space is ours", True, "")]
    spaces = HubDatasets(TOKEN, hub.url, repo_type="space")
    spaces.create("user/films-segments-explorer", private=True)
    assert found(tmp_path, wanted)[1][1], "as the Hub made it"
    (tmp_path / "index.html").write_text("mine")
    spaces.commit("user/films-segments-explorer", "main", Change({"index.html": tmp_path / "index.html"}, message="m"))
    (what, is_well, mend) = found(tmp_path, wanted)[1]
    assert (what, is_well) == (names, False)
    assert "user/films-segments-explorer holds something else" in mend
    assert "`publishing.space: false`" in mend
    hub.inject("info", status=500)
    assert "is not known" in found(tmp_path, wanted)[1][2]


def test_without_a_token_nobody_is_asked(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setenv("HF_TOKEN", "")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    ((_, is_well, mend),) = found(tmp_path, "repo: user/films, space: true")
    assert (is_well, "hf auth login" in mend, hub.log) == (False, True, [])
