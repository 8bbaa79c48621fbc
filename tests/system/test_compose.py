"""The stack in containers, as an operator starts it: built, up, each sample client's way, hardened, stopped, gone."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

import pytest

from aktivera.local.ports import free_port
from chassis.ids import uuid7
from chassis.settings import environment
from tests.containers import progress, require_engine
from tests.infrastructure import ROOT

pytestmark = pytest.mark.timeout(1800)

OURS = ("onboarding", "activation", "notifier", "insights")
LONG_RUNNING = (*OURS, "postgres", "kafka", "mailpit")
SAMPLES = {"API", "event minimal", "event full"}
WAY = re.compile(
    r"^ +(?P<sample>\w+(?: \w+)?) +(?P<client>[0-9a-f-]{36}) +(?:requested|\(first sent) [\d-]+ [\d:]+\)?"
    r"(?: → (?:listed|mail|bell) \+\d+ ms){3}$",
    re.MULTILINE,
)


@dataclass
class Stack:
    """One compose project of the test's own, on ports of its own."""

    project: str
    ports: dict[str, int]

    def compose(self, *arguments: str, check: bool = True) -> str:
        command = ["docker", "compose", "--env-file", "/dev/null", "--project-name", self.project, *arguments]
        settings = {name: str(port) for name, port in self.ports.items()}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**environment(), **settings, "AKTIVERA_VERSION": "test"},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{arguments}: {done.stdout}{done.stderr}{self._logs()}"
        return done.stdout

    def _logs(self) -> str:
        asked = ["docker", "compose", "--project-name", self.project, "logs", "--tail", "30"]
        return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False).stdout[-8000:]

    def demo(self, *options: str) -> dict[str, str]:
        """Runs the demo; sample → client id of those that went the whole way."""
        shown = self.compose("run", "--rm", *options, "demo")
        return {way["sample"]: way["client"] for way in WAY.finditer(shown)}

    def inspect(self, service: str) -> dict[str, Any]:
        container = self.compose("ps", "--all", "--quiet", service).strip()
        asked = subprocess.run(["docker", "inspect", container], capture_output=True, text=True, timeout=60, check=True)
        found: dict[str, Any] = json.loads(asked.stdout)[0]
        return found

    def mails(self) -> list[dict[str, Any]]:
        with urlopen(
            f"http://127.0.0.1:{self.ports['MAIL_PAGE_PORT']}/api/v1/messages?limit=100", timeout=10
        ) as answer:
            found: list[dict[str, Any]] = json.load(answer)["messages"]
            return found


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Up and healthy, by the command that operators use; removed with its volumes whatever happens."""
    say = progress(request.config)
    require_engine(say)
    ports = (*(f"{service.upper()}_HTTP_PORT" for service in OURS), "MAIL_PAGE_PORT")
    built = Stack(f"aktivera-test-{uuid7().hex[-8:]}", {name: free_port() for name in ports})
    start = time.monotonic()
    try:
        say("compose: build (the first time about a minute)")
        built.compose("build", "--quiet")
        say(f"compose: built after {time.monotonic() - start:.0f} s; up")
        built.compose("up", "--detach", "--wait")
        say(f"compose: healthy after {time.monotonic() - start:.0f} s")
        yield built
    finally:
        built.compose("down", "--volumes", "--timeout", "5", check=False)
        say(f"compose: down after {time.monotonic() - start:.0f} s")


def test_every_sample_client_goes_the_whole_way_and_gets_one_mail(stack: Stack) -> None:
    clients = stack.demo()
    assert set(clients) == SAMPLES
    assert stack.demo("--no-deps") == clients  # sent again: the same clients
    mails = stack.mails()
    assert len(mails) == len(SAMPLES)
    assert len({mail["MessageID"] for mail in mails}) == len(SAMPLES)


def test_the_command_answers_in_a_container_of_its_own(stack: Stack) -> None:
    told = stack.compose("run", "--rm", "aktivera", "status").splitlines()[1:]
    assert [line.split()[:2] for line in told] == [[service, "ok"] for service in OURS]
    assert stack.compose("run", "--rm", "aktivera", "held", "list") == "nothing is held\n"


@pytest.mark.parametrize("service", LONG_RUNNING)
def test_the_hardening_is_in_force(stack: Stack, service: str) -> None:
    found = stack.inspect(service)
    host = found["HostConfig"]
    assert found["State"]["Health"]["Status"] == "healthy"
    assert found["Config"]["User"].split(":")[0] not in {"", "0", "root"}
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] > 0
    assert host["NanoCpus"] > 0
    assert host["PidsLimit"] > 0
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


@pytest.mark.parametrize("service", OURS)
def test_the_process_has_no_rights_and_can_write_nowhere_but_tmp(stack: Stack, service: str) -> None:
    facts = stack.compose("exec", "-T", service, "cat", "/proc/1/status")
    status = dict(line.split(":\t", 1) for line in facts.splitlines() if ":\t" in line)
    assert set(status["Uid"].split()) == {"10001"}
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    tried = "for place in /app /opt/venv /secrets /tmp; do touch $place/x 2>/dev/null && echo $place; done; true"
    assert stack.compose("exec", "-T", service, "sh", "-c", tried).split() == ["/tmp"]


def test_only_web_pages_are_published_and_only_on_this_machine(stack: Stack) -> None:
    for service in LONG_RUNNING:
        bound = [each for ports in stack.inspect(service)["NetworkSettings"]["Ports"].values() for each in ports or []]
        assert {each["HostIp"] for each in bound} <= {"127.0.0.1"}
        assert bool(bound) == (service not in {"postgres", "kafka"})
    for service in ("postgres", "kafka"):
        for network in stack.inspect(service)["NetworkSettings"]["Networks"]:
            asked = ["docker", "network", "inspect", network, "--format", "{{.Internal}}"]
            answer = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True).stdout
            assert answer.strip() == "true", network


@pytest.mark.parametrize("service", OURS)
def test_an_image_holds_chassis_schemas_and_its_own_service_alone(stack: Stack, service: str) -> None:
    listing = stack.compose("exec", "-T", service, "find", "/app", "-maxdepth", "2", "-mindepth", "1", "-type", "d")
    folders = {folder for folder in listing.split() if not folder.endswith("__pycache__")}
    assert {folder for folder in folders if folder.count("/") == 2} == {"/app/chassis", "/app/schemas", "/app/services"}
    assert {folder for folder in folders if folder.startswith("/app/services/")} == {f"/app/services/{service}"}
    other_programs = "command -v gcc cc git curl wget || true"
    assert stack.compose("exec", "-T", service, "sh", "-c", other_programs) == ""


@pytest.mark.parametrize("service", OURS)
def test_a_service_sees_its_own_secrets_alone(stack: Stack, service: str) -> None:
    names = set(stack.compose("exec", "-T", service, "ls", "/secrets").split())
    with_database = {f"postgres-{service}", "held-key"} if service != "insights" else set()
    links = {"link-keys.json"}
    own = {"onboarding": {"vault-key", "vault-pepper", "intake-keys.json"}, "activation": links, "notifier": links}.get(
        service, set()
    )
    assert names == {"token-keys.json"} | with_database | own
    modes = set(stack.compose("exec", "-T", service, "sh", "-c", "stat -c %a /secrets/*").split())
    assert modes == {"400"}
    set_here = stack.inspect(service)["Config"]["Env"]
    for password in sorted(with_database):
        secret = stack.compose("exec", "-T", service, "cat", f"/secrets/{password}").strip()
        assert len(secret) >= 32
        assert not any(secret in each for each in set_here)


def test_a_second_up_changes_nothing(stack: Stack) -> None:
    def running() -> dict[str, tuple[str, str]]:
        found = {service: stack.inspect(service) for service in LONG_RUNNING}
        return {service: (each["Id"], each["State"]["StartedAt"]) for service, each in found.items()}

    before = running()
    stack.compose("up", "--detach", "--wait")
    assert running() == before


def test_services_end_in_order_and_the_data_is_there_afterwards(stack: Stack) -> None:
    clients = stack.demo("--no-deps")
    stack.compose("stop")
    assert {service: stack.inspect(service)["State"]["ExitCode"] for service in OURS} == dict.fromkeys(OURS, 0)
    stack.compose("up", "--detach", "--wait")
    assert stack.demo("--no-deps") == clients
    assert stack.mails() == []  # the mail server forgot them; nobody gets a second one
