"""The gates themselves: what they let through, and what they stop."""

from pathlib import Path

from vidpipe_tests.gates import ROOT, corpus_tests, missing_commands, skipped_in

_REPORT = """<testsuites><testsuite>
<testcase classname="vidpipe_tests.media.test_probe" name="test_passed[a.mp4]" time="0.1"/>
<testcase classname="vidpipe_tests.media.test_probe" name="test_left_out[a.mp4]"><skipped message="why"/></testcase>
</testsuite></testsuites>"""


def test_skipped_tests_are_read_from_the_report(tmp_path: Path) -> None:
    (tmp_path / "tests.xml").write_text(_REPORT)
    assert skipped_in(tmp_path / "tests.xml") == {"vidpipe_tests.media.test_probe.test_left_out[a.mp4]"}


def test_corpus_tests_are_found_by_the_name_that_the_report_gives_them() -> None:
    found = corpus_tests("vidpipe_tests/media/test_probe.py")
    assert any(name.startswith("vidpipe_tests.media.test_probe.test_") for name in found)
    assert not any("::" in name or ".py" in name.split("[")[0] for name in found)


def test_a_command_of_the_readme_that_the_makefile_lacks_is_named() -> None:
    readme = "```\nmake demo   # or\nmake tset\n```\nThen `make check DIR=x`; we make no promise."
    assert missing_commands(readme, "demo: x\n\tdo\ncheck:\n") == ["tset"]


def test_the_readmes_commands_are_in_the_makefile() -> None:
    readme, makefile = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
    assert "make demo" in readme
    assert "make test" in readme
    assert missing_commands(readme, makefile) == []
