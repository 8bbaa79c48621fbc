"""The command where nothing runs, or what ran is gone: one line and exit code 1."""

import base64
import json
from pathlib import Path

from aktivera import SERVICES
from aktivera.local import credentials, stack
from aktivera.local.layout import Layout, replace_json
from aktivera.local.ports import free_port
from chassis.key_files import KEY_BYTES, key_id
from tests.integration.command.conftest import Run

LOCAL = "The local stack does not run: start it with `make up`"


def left_behind(root: Path) -> str:
    """What a stack leaves whose processes are all gone; answers an address that nobody listens at."""
    layout = Layout(root)
    layout.create()
    credentials.ensure_keys(layout.secrets)
    nobody = f"http://127.0.0.1:{free_port()}"
    replace_json(layout.endpoints_file, {"kafka": "127.0.0.1:1", **dict.fromkeys(SERVICES, nobody)})
    return nobody


def test_a_stack_that_was_never_started_is_said(run: Run) -> None:
    for words in (["status"], ["demo"], ["held", "list"], ["trace", "x"]):
        answer = run(*words)
        assert answer.exit_code == 1
        assert answer.stderr.startswith(LOCAL)
    assert json.loads(run("status", "--json").stdout)["error"]["detail_en"].startswith(LOCAL)


def test_a_supervisor_that_is_gone_is_said(run: Run, tmp_path: Path) -> None:
    left_behind(tmp_path)
    answer = run("status")
    assert answer.exit_code == 1
    assert answer.stdout.splitlines()[-1] == "supervisor is gone: make up"
    assert json.loads(run("status", "--json").stdout)[-1]["service"] == "supervisor"


def test_the_demo_says_in_one_line_which_service_is_away(run: Run, tmp_path: Path) -> None:
    nobody = left_behind(tmp_path)
    answer = run("demo")
    assert answer.exit_code == 1
    assert answer.stderr == f"failed: {nobody}/health/ready does not answer (ConnectError)\n"


def test_a_service_that_nobody_knows_is_refused_with_the_names_of_those_there_are(run: Run, tmp_path: Path) -> None:
    left_behind(tmp_path)
    answer = run("held", "list", "--service", "insights")
    assert answer.exit_code == 1
    assert answer.stderr == "no service is called insights; there are onboarding, activation, notifier\n"


def test_a_tried_rebuild_of_statistics_that_are_off_says_so_as_a_real_one_does(run: Run, tmp_path: Path) -> None:
    left_behind(tmp_path)
    for words in ((), ("--for-real",)):
        answer = run("rebuild", "insights", *words)
        assert (answer.exit_code, answer.stdout) == (1, "")
        assert answer.stderr.startswith("insights does not run here")


def test_a_service_that_has_nothing_of_the_kind_is_told_from_an_address_that_is_wrong(run: Run, tmp_path: Path) -> None:
    left_behind(tmp_path)
    assert run("announce", "notifier").stderr == "notifier has nothing to announce; onboarding and activation have\n"
    none = "insights keeps no offsets: aktivera rebuild insights has it read the topics again\n"
    assert run("offsets", "show", "insights").stderr == none
    assert run("offsets", "accept", "insights", "client-events", "--reason", "made anew").stderr == none


def test_a_role_is_one_of_those_that_services_know(run: Run) -> None:
    assert run("token", "--agency", "a", "--sub", "b", "--role", "queen").exit_code == 2
    without = run("token", "--agency", "a", "--sub", "b")
    assert (without.exit_code, "--client" in without.stderr) == (2, True)
    of_a_client = run("token", "--agency", "a", "--sub", "b", "--client", "c", "--json")
    assert (of_a_client.exit_code, "no signing key" in of_a_client.stdout) == (1, True)
    assert run("--version").stdout.startswith("aktivera ")


def test_down_says_where_nothing_was_running(tmp_path: Path) -> None:
    said: list[str] = []
    stack.down(tmp_path, say=said.append)
    assert said == ["nothing is running"]


def test_a_master_key_that_cannot_be_taken_away_is_refused_by_a_code_before_anybody_is_asked(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "vault-key"
    absent = run("vault", "drop-key", "nope", "--file", str(file))
    assert (absent.exit_code, absent.stderr.startswith(f"refused: secret_unusable: {file} cannot be read")) == (1, True)
    current = key_id(b"k" * KEY_BYTES)
    file.write_text(base64.b64encode(b"k" * KEY_BYTES).decode())
    for name, said in (
        ("nope", f"refused: unknown_key: {file} has no key nope; it has: {current}\n"),
        (current, f"refused: key_is_current: {current} is the current key: put a new one before it first\n"),
    ):
        answer = run("vault", "drop-key", name, "--file", str(file))
        assert (answer.exit_code, answer.stderr) == (1, said)
    as_json = json.loads(run("vault", "drop-key", "nope", "--file", str(file), "--json").stdout)
    assert as_json["error"]["code"] == "unknown_key"
