"""No committed file tells where it was written, where packages come from, or a secret."""

import pytest

from tests.house.secrecy import complaints
from tests.house.tree import ROOT, files


def test_no_committed_file_holds_a_machine_s_path_a_registry_or_a_private_key() -> None:
    found = []
    for path in files():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content[:8000]:
            found += complaints(str(path), content.decode("utf-8", "replace"))
    assert found == []


@pytest.mark.parametrize(
    "pieces",
    [
        ("cd ", "/", "work/main"),
        ("HOME=", "/root", "/.cache"),
        ("see ", "/home", "/karin/aktivera"),
        ("open '", "/Users", "/karin/x'"),
        ("https://", "pypi", ".org/simple"),
        ("https://files.", "pythonhosted", ".org/x"),
        ("https://repo1.", "maven", ".org/maven2"),
        ("image: ", "ghcr", ".io/x/y:1"),
        ("--extra-", "index-url", " https://example.com"),
        ("--", "find-links", " wheels"),
        ("-----BEGIN ", "PRIVATE", " KEY-----"),
        ("-----BEGIN EC ", "PRIVATE", " KEY-----"),
        ('{"kty": "OKP", "d', '": "', "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", '"}'),
    ],
    ids=lambda pieces: "".join(pieces)[:40],
)
def test_a_planted_line_gets_one_complaint(pieces: tuple[str, ...]) -> None:
    assert len(complaints("x", "first line\n" + "".join(pieces))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "network/work/", "https://example.com/work/x", "http://maven.apache.org/POM/4.0.0", "/home/aktivera/.cache",
        "-----BEGIN PUBLIC KEY-----", '{"d": "short"}', "image: apache/kafka:4.4.0",
    ],
)  # fmt: skip
def test_an_innocent_line_gets_none(line: str) -> None:
    assert complaints("x", line) == []
