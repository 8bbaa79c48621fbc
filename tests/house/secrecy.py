"""What no committed file may hold: places of one machine, package registries, private keys."""

import re

# Each pattern is written so that it does not match its own text: this file passes its own test.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.~-])/(?:work|root|Users|home/(?!aktivera\b)[a-z]\w*)/"),
    "a package registry": re.compile(
        r"\b(?:pypi|pythonhosted|maven|npmjs|golang|docker|ghcr|quay|gcr)\.(?:org|io)\b(?!/POM)"
        r"|repo1?\.maven|maven\.apache\.org/maven2"
    ),
    "an index or a mirror": re.compile(r"--(?:(?:extra-)?index-url|find-links|trusted-host)\b"),
    "a private key": re.compile(
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----|\"d\"\s*:\s*\"[\w-]{30,}\"|AGE-SECRET-KEY-[1]"
    ),
}


def complaints(name: str, text: str) -> list[str]:
    """What is wrong with one file, as sentences with the line."""
    return [
        f"{name}:{number}: {what}: {found.group()}"
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in FORBIDDEN.items()
        for found in pattern.finditer(line)
    ]
