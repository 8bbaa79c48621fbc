"""Backup and restore look at their file before anything else; Ctrl-C says in what state things are."""

import io
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

from aktivera.local.layout import Layout, replace_json
from chassis.settings import environment
from tests.integration.command.conftest import Run


def foreign(folder: Path) -> Path:
    """An archive of somebody else."""
    file = folder / "photos.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("cat.png"), io.BytesIO())
    return file


def test_what_is_no_backup_is_refused_tried_or_for_real(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no archive")
    for file in (foreign(tmp_path), tmp_path / "text"):
        for words in ((), ("--for-real",)):
            answer = run("restore", str(file), *words)
            assert answer.exit_code == 1
            assert answer.stderr.startswith(f"failed: {file} is no backup of aktivera")
            assert answer.stderr.count("\n") == 1
    absent = run("restore", str(tmp_path / "absent"))
    assert (absent.exit_code, absent.stderr.startswith("failed: there is no file")) == (1, True)


def test_a_backup_is_refused_before_anything_is_dumped_where_its_file_cannot_be_made(run: Run, tmp_path: Path) -> None:
    Layout(tmp_path).create()
    replace_json(Layout(tmp_path).endpoints_file, {"broker": "kafka"})  # and no Postgres: dumping would fail otherwise
    there = foreign(tmp_path)
    for file, why in ((there, "is there already"), (tmp_path / "none" / "b.tar.gz", "there is no folder")):
        answer = run("backup", str(file))
        assert answer.exit_code == 1
        assert why in answer.stderr
        assert "dumping" not in answer.stdout


def test_ctrl_c_ends_in_one_line_that_says_in_what_state_things_are(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # a file that is being read for as long as nobody writes
    # As from a terminal: a child of a job in the background would be born deaf to it.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import aktivera.cli as c; c.main()"
    command = [sys.executable, "-c", code, "restore", str(pipe), "--for-real"]
    settings = {**environment(), "AKTIVERA_ROOT": str(tmp_path)}
    process = subprocess.Popen(command, env=settings, stderr=subprocess.PIPE, text=True)
    with process, pipe.open("wb"):  # opens when the other side has begun to read
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130
    assert said == "interrupted: the file was only read, and nothing here was touched\n"
