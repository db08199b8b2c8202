"""Files at Gemini over HTTP: one upload for all who ask, on the key that asks, found by content, gone afterwards."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from vidpipe.errors import (
    CredentialError,
    LostAnswerError,
    MediaRefusedError,
    StoppedError,
    TransientServiceError,
)
from vidpipe_tests.clips import make_clip
from vidpipe_tests.resources.gemini_line import Line, ops, question
from vidpipe_tests.servers import gemini_errors as said
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_stored import Processing
from vidpipe_tests.servers.wire import Reply


@pytest.fixture
def server(line: Line) -> GeminiServer:
    return line.server


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("clips") / "näme of the video.mp4"
    make_clip(path, [(2.0, 1), (2.0, 2)], fps=5, size=(64, 48), sound=False)
    return path


def count(server: GeminiServer) -> Counter[str]:
    return Counter(ops(server))


def keys_of(server: GeminiServer) -> set[str]:
    return {entry.credential for entry in server.log}


def test_a_file_is_brought_polled_asked_about_and_deleted(line: Line, server: GeminiServer, clip: Path) -> None:
    assert line.model(upload=True).answer(question(clip)).usage.video == 4 * 70
    assert ops(server) == ["upload.start", "upload.chunk", "files.get", "generate", "files.delete"]
    assert server.files.names() == []


def test_a_small_file_leaves_nothing_to_delete(line: Line, server: GeminiServer, clip: Path) -> None:
    assert line.model().answer(question(clip)).usage.video == 4 * 70
    assert ops(server) == ["generate"]


def test_a_files_own_name_is_not_told(line: Line, server: GeminiServer, clip: Path) -> None:
    asker = line.model(upload=True)
    with asker.holding(question(clip).media):
        asker.answer(question(clip))
        (name,) = server.files.names()
    assert name.startswith("vidpipe-")
    assert len(name) <= 40
    assert name == name.lower()


def test_many_questions_at_once_share_one_upload(line: Line, server: GeminiServer, clip: Path) -> None:
    asker = line.model("key-a", upload=True)
    asked = [question(clip, f"Question {number}.", span_s=(0, number + 1)) for number in range(8)]
    with asker.holding(asked[0].media), ThreadPoolExecutor(8) as threads:
        list(threads.map(asker.answer, asked))
        assert len(server.files.names()) == 1
    assert count(server)["upload.start"] == 1
    assert count(server)["generate"] == 8
    assert server.files.names() == []


def test_questions_that_overlap_share_a_file_without_being_told(line: Line, server: GeminiServer, clip: Path) -> None:
    server.inject("generate", delay=0.1)
    asker = line.model(upload=True)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: asker.answer(question(clip, f"Question {number}.")), range(4)))
    assert count(server)["upload.start"] < 4
    assert server.files.names() == []


def test_upload_poll_question_and_deletion_stay_with_one_key(line: Line, server: GeminiServer, clip: Path) -> None:
    server.inject("generate", times=2, reply=said.overloaded())
    asker = line.model("key-a", "key-b", upload=True)
    asker.answer(question(clip))
    assert keys_of(server) == {"key-a"}
    assert count(server)["upload.start"] == 1


def test_a_spent_project_is_left_with_a_new_upload_and_nothing_stays(
    line: Line, server: GeminiServer, clip: Path
) -> None:
    server.inject("generate", key="key-a", reply=said.per_day())
    line.model("key-a", "key-b", upload=True).answer(question(clip))
    assert [entry.credential for entry in server.entries("upload.start")] == ["key-a", "key-b"]
    assert [entry.credential for entry in server.entries("files.delete")] == ["key-a", "key-b"]
    assert server.files.names() == []


def test_a_dead_key_is_noticed_at_the_upload(line: Line, server: GeminiServer, clip: Path) -> None:
    server.inject("upload.start", key="key-a", reply=said.dead_key())
    assert line.model("key-a", "key-b", upload=True).answer(question(clip)).finish == "complete"
    server.clear()
    server.inject("upload.start", reply=said.refusal(403, "PERMISSION_DENIED", "No."))
    with pytest.raises(CredentialError):
        line.model("key-a", upload=True).answer(question(clip))


def test_a_leftover_of_the_same_content_is_used_instead_of_a_second_upload(
    line: Line, server: GeminiServer, clip: Path
) -> None:
    server.inject("files.delete", reply=said.overloaded())
    line.model(upload=True).answer(question(clip))
    server.clear()
    assert len(server.files.names()) == 1
    line.model(upload=True).answer(question(clip, "Another."))
    assert count(server)["upload.chunk"] == 1
    assert server.files.names() == []


@pytest.mark.parametrize(
    ("op", "fault"),
    [
        ("upload.start", {"reply": said.overloaded()}),
        ("upload.start", {"reset": True}),
        ("upload.start", {"reply": Reply("", 200)}),
        ("upload.chunk", {"reset": True}),
        ("upload.chunk", {"truncate": 30}),
        ("upload.chunk", {"reply": Reply("no", 200, {"X-Goog-Upload-Status": "final"})}),
        ("files.get", {"reply": said.internal()}),
        ("files.get", {"reset": True}),
        ("files.get", {"truncate": 30}),
        ("files.delete", {"reply": said.overloaded()}),
        ("files.delete", {"reset": True}),
    ],
)
def test_what_fails_on_the_way_of_a_file_is_done_again(
    line: Line, server: GeminiServer, clip: Path, op: str, fault: dict[str, Any]
) -> None:
    server.inject(op, times=2, **fault)
    assert line.model(upload=True).answer(question(clip)).finish == "complete"
    assert count(server)["generate"] == 1
    assert server.files.names() == []


def test_a_part_that_is_not_acknowledged_is_sent_again_and_the_file_is_whole(
    line: Line, server: GeminiServer, clip: Path
) -> None:
    server.inject("upload.chunk", times=1, reply=said.no_upload_status())
    assert line.model(upload=True).answer(question(clip)).usage.video == 4 * 70
    assert (count(server)["upload.start"], count(server)["upload.chunk"]) == (1, 2)
    assert server.files.names() == []


def test_two_keys_of_one_project_are_answered_and_leave_nothing(line: Line, server: GeminiServer, clip: Path) -> None:
    server.projects |= {"key-a": "one", "key-b": "one"}
    server.inject("generate", key="key-a", reply=said.per_minute(17))
    asker = line.model("key-a", "key-b", upload=True)
    with asker.holding(question(clip).media):
        assert asker.answer(question(clip)).finish == "complete"
        assert asker.answer(question(clip, "Another.")).finish == "complete"
    assert server.entries("generate")[-1].credential == "key-b"
    assert server.files.names() == []


@pytest.mark.parametrize("how", ["deleted", "expired"])
def test_a_file_that_went_away_is_brought_again_on_the_same_key(
    line: Line, server: GeminiServer, clip: Path, how: str
) -> None:
    asker = line.model("key-a", "key-b", upload=True)
    with asker.holding(question(clip).media):
        asker.answer(question(clip))
        (name,) = server.files.names()
        server.files.expire(name) if how == "expired" else server.files.delete("project-of-key-a", name)
        assert asker.answer(question(clip, "Another.")).finish == "complete"
    assert count(server)["upload.start"] == 2
    assert keys_of(server) == {"key-a"}


def test_a_404_about_a_file_is_a_file_that_went_away(line: Line, server: GeminiServer, clip: Path) -> None:
    server.inject("generate", times=1, reply=said.refusal(404, "NOT_FOUND", "File not found."))
    assert line.model(upload=True).answer(question(clip)).finish == "complete"


def test_a_403_that_no_upload_helps_against_is_the_keys(line: Line, server: GeminiServer, clip: Path) -> None:
    server.inject("generate", key="key-a", reply=said.no_file("x"))
    assert line.model("key-a", "key-b", upload=True).answer(question(clip)).finish == "complete"
    assert server.entries("generate")[-1].credential == "key-b"
    assert server.files.names() == []


def test_a_file_that_is_not_active_after_all_is_polled_again(line: Line, server: GeminiServer, clip: Path) -> None:
    server.inject("generate", times=2, reply=said.not_active("x"))
    assert line.model(upload=True).answer(question(clip)).finish == "complete"
    assert count(server)["upload.chunk"] == 1


def test_a_refusal_that_no_polling_helps_against_ends_this_try(line: Line, server: GeminiServer, clip: Path) -> None:
    server.inject("generate", reply=said.not_active("x"))
    with pytest.raises(TransientServiceError, match="400 FAILED_PRECONDITION"):
        line.model(upload=True).answer(question(clip))
    assert count(server)["generate"] == 4
    assert server.files.names() == []


@pytest.mark.parametrize("upload", [False, True])
def test_what_is_refused_for_its_country_or_billing_is_refused_to_the_key(
    line: Line, server: GeminiServer, clip: Path, *, upload: bool
) -> None:
    away = said.refusal(400, "FAILED_PRECONDITION", "User location is not supported for the API use.")
    server.inject("*", key="key-a", reply=away)
    asker = line.model("key-a", "key-b", upload=upload)
    assert asker.answer(question(clip)).finish == "complete"
    server.inject("*", reply=away)
    for number in range(2):
        with pytest.raises(CredentialError, match="no key is accepted"):
            asker.answer(question(clip, prompt=f"Question {number}."))


def test_polling_has_an_end_and_the_file_is_taken_away(line: Line, server: GeminiServer, clip: Path) -> None:
    server.files.processing = Processing(forever=True)
    with pytest.raises(TransientServiceError, match="too long with the file"):
        line.model(upload=True, processing_s=60.0).answer(question(clip))
    assert 30 < line.ticks.passed_s <= 60
    assert server.files.names() == []


def test_a_file_that_the_service_cannot_read_is_told_apart(line: Line, server: GeminiServer, clip: Path) -> None:
    server.files.processing = Processing(fails=True)
    with pytest.raises(MediaRefusedError):
        line.model(upload=True).answer(question(clip))
    assert count(server)["upload.start"] == 1
    assert server.files.names() == []


def test_a_lost_answer_takes_its_file_away_too(line: Line, server: GeminiServer, clip: Path) -> None:
    server.inject("generate", reset=True)
    with pytest.raises(LostAnswerError):
        line.model(upload=True).answer(question(clip))
    assert server.files.names() == []


def test_what_cannot_be_deleted_is_no_error_but_is_swept(line: Line, server: GeminiServer, clip: Path) -> None:
    server.inject("files.delete", reply=said.overloaded())
    asker = line.model(upload=True)
    assert asker.answer(question(clip)).finish == "complete"
    assert len(server.files.names()) == 1
    server.clear()
    assert asker.sweep(older_than_s=-1e9) == 1
    assert server.files.names() == []


def test_a_run_that_stops_loses_no_answer_to_a_deletion(line: Line, server: GeminiServer, clip: Path) -> None:
    """The answer is paid, and on its way out while the file is deleted."""
    server.inject("files.delete", reply=said.overloaded())
    line.ticks.stops_after = 1  # the poll's wait is the last that is allowed
    assert line.model(upload=True).answer(question(clip)).finish == "complete"


def test_a_run_that_stops_ends_a_question_that_waits(line: Line, server: GeminiServer) -> None:
    server.inject("generate", reply=said.overloaded())
    line.ticks.stops_after = 2
    with pytest.raises(StoppedError):
        line.model().answer(question())
    assert server.n("generate") == 3


def test_equal_files_share_an_upload_wherever_they_lie(
    line: Line, server: GeminiServer, clip: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(clip.read_bytes())
    asker = line.model(upload=True)
    with asker.holding(question(clip).media):
        asker.answer(question(clip))
        asker.answer(question(copy, "And this?"))
        assert len(server.files.names()) == 1
    assert count(server)["upload.start"] == 1
    assert server.files.names() == []


def test_a_file_that_has_changed_is_another(line: Line, server: GeminiServer, clip: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(clip.read_bytes())
    asker = line.model(upload=True)
    asker.answer(question(copy))
    make_clip(copy, [(1.0, 1)], fps=5, size=(64, 48), sound=False)
    assert asker.answer(question(copy)).usage.video == 70
    names = {entry.path.rpartition("/")[2] for entry in server.entries("files.delete")}
    assert len(names) == 2


def test_a_leftover_that_is_not_whole_is_not_asked_about(line: Line, server: GeminiServer, clip: Path) -> None:
    asker = line.model(upload=True)
    asker.answer(question(clip))
    (entry,) = server.entries("files.delete")
    server.files.add("project-of-key-a", clip.read_bytes()[:99], "video/mp4", entry.path.rpartition("/")[2])
    assert asker.answer(question(clip, "Again?")).usage.video == 4 * 70
    assert server.n("upload.chunk") == 2
    assert server.files.names() == []


def test_what_was_made_from_a_source_is_found_again_though_its_bytes_are_others(
    line: Line, server: GeminiServer, clip: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.mp4"
    make_clip(other, [(2.0, 1), (2.0, 2)], fps=6, size=(64, 48), sound=False)
    server.inject("files.delete", reply=said.overloaded())
    line.model(upload=True).answer(question(clip, made_by="proxy 1: 1 fps"))
    server.clear()
    line.model(upload=True).answer(question(other, "Another.", made_by="proxy 1: 1 fps"))
    assert count(server)["upload.chunk"] == 1
    assert server.files.names() == []
    line.model(upload=True).answer(question(clip, made_by="proxy 1: 2 fps"))
    assert count(server)["upload.chunk"] == 2


def leftovers(server: GeminiServer, key: str) -> None:
    project = server.project_of(key)
    for number in range(120):
        server.files.add(project, b"x", "video/mp4", f"vidpipe-{key}-{number}")
    server.files.add(project, b"x", "video/mp4", f"somebody-elses-{key}")


def test_a_sweep_takes_what_is_ours_and_old_of_every_key(line: Line, server: GeminiServer) -> None:
    for key in ("key-a", "key-b"):
        leftovers(server, key)
    asker = line.model("key-a", "key-b")
    assert asker.sweep(older_than_s=timedelta(days=9999).total_seconds()) == 0
    assert asker.sweep(older_than_s=-1e9) == 240
    assert server.files.names() == ["somebody-elses-key-a", "somebody-elses-key-b"]


def test_a_sweep_leaves_what_is_in_use(line: Line, server: GeminiServer, clip: Path) -> None:
    asker = line.model(upload=True)
    with asker.holding(question(clip).media):
        asker.answer(question(clip))
        assert asker.sweep(older_than_s=-1e9) == 0
        assert len(server.files.names()) == 1


def test_a_sweep_takes_what_is_its_owners_however_new(line: Line, server: GeminiServer, clip: Path) -> None:
    server.inject("files.delete", reply=said.overloaded())
    line.model(upload=True, owner="me").answer(question(clip))
    server.clear()
    day = timedelta(days=1).total_seconds()
    assert line.model("key-a", owner="another").sweep(day, with_own=True) == 0
    assert line.model("key-a", owner="me").sweep(day) == 0
    server.inject("files.list", times=2, reply=said.overloaded())
    assert line.model("key-a", owner="me").sweep(day, with_own=True) == 1
    assert server.files.names() == []


def test_a_key_that_cannot_be_swept_keeps_no_other_from_it(line: Line, server: GeminiServer) -> None:
    leftovers(server, "key-b")
    server.inject("files.list", key="key-a", reply=said.dead_key())
    assert line.model("key-a", "key-b").sweep(older_than_s=-1e9) == 120
