"""Records that no sender should send: Hypothesis makes recipes, always the same; recipe and number make a record."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.unit.onboarding.contents import cloud_event, content, organisation

Record = tuple[bytes, Sequence[tuple[str, bytes]]]

TOGETHER = 25
DEEP = "<deep>"
KINDS = ("requested", "cancellation_requested", "licences_change_requested")
TYPES = tuple(f"se.aktivera.onboarding.{kind}.v1" for kind in KINDS)

NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 10**9, 2**63, -(2**63), 1.5, 1e308, -0.0, "", " ", "x", "0", "\x00", "a\x00b"),
    *("\x1b[31m", "😀", "é", "e\u0301", "\ufeffx", "\u202eabc", "x" * 201, "x" * 513, "å" * 5000, "'; drop table x"),
    *("../../etc/passwd", "${jndi:ldap://x}", "%00", "<script>", "{}", "[]", "1e999", "NaN", "2026-13-45T99:99:99Z"),
    *("2026-11-24T10:00:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "a.b.c.d.e", "....", "556036-0793"),
    *("811218-9876", "19811218-9876", "-", "٣", "/upstream/other", "byra-noll", *TYPES, "se.aktivera.client.erased.v1"),
    *([], {}, [[]], [None] * 200, {"": ""}, {"a": {"b": {"c": {}}}}, {"x" * 300: 1}, {"payroll": 2**70}, {"\x00": 1}),
    *([{"name": "A", "email": "a@b.se"}] * 3, {"kind": "sole_trader", "number_jwe": "e30.e30.e30.e30.e30"}),
)  # fmt: skip
RAW: tuple[bytes, ...] = (
    *(b"", b"{}", b"[]", b"null", b"0", b'"x"', b"{", b"\xff\xfe\x00", b"\x00" * 50, b"\xef\xbb\xbf{}", b"[" * 5000),
    *(b'{"a":' * 3000, b'{"id":"x","id":"y"}', b"1" * 5000, b"1e400", b'{"specversion":"1.0"}', b'"\\ud800"'),
)
PLACES = """
    specversion id source type time subject datacontenttype correlationid traceparent data data/agency
    data/external_ref data/locale data/connected data/confirm_duplicate data/administrators data/access
    data/responsible_consultant data/access/program_access data/access/invoice_interval data/details
    data/access/invoice_recipient data/details/name data/details/identity data/details/identity/kind
    data/details/identity/number data/details/identity/number_jwe data/details/identity/responsible_person
    data/details/address data/details/address/street data/details/address/postal_code data/details/address/city
    data/details/address/country data/details/protected_identity data/licences data/licences/counts
    data/licences/counts/bookkeeping data/licences/confirmation_email data/client_id data/reason data/counts
    data/effective_at
"""
HEADERS = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "content-type", "CE_ID", "x")
CONTENT_TYPES = (
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents+avro",
    "text/csv",
    "",
    "é",
)

GONE = "<gone>"


@dataclass(frozen=True)
class Recipe:
    """How a right request is spoilt: places given other values, headers of binary mode, depth, bytes cut or changed.

    `raw` stands for the whole record: bytes as they are, anything else as JSON.
    """

    kind: str
    changes: Sequence[tuple[str, Any]] = ()
    headers: Sequence[tuple[str, bytes]] | None = None
    depth: int = 0
    cut: int | None = None
    flip: tuple[int, int] | None = None
    raw: Any = ...

    def record(self, number: int) -> Record:
        """The record that the recipe makes of the right request of this number."""
        if self.raw is not ...:
            return (self.raw if isinstance(self.raw, bytes) else _json(self.raw)), ()
        document = right(self.kind, number)
        for place, value in self.changes:
            _change(document, place, value)
        if self.depth:
            document["data"] = {"locale": DEEP}
        if self.headers is None:
            value, headers = _json(document), []
        else:
            value = _json(document.get("data"))
            headers = [
                (f"ce_{name}", str(each).encode("utf-8", "replace"))
                for name, each in document.items()
                if name not in {"data", "datacontenttype"}
            ]
        if self.depth:
            value = value.replace(_json(DEEP), b"[" * self.depth + b"]" * self.depth)
        if self.cut is not None:
            value = value[: self.cut]
        if self.flip is not None and len(value) > self.flip[0]:
            at, change = self.flip
            value = value[:at] + bytes([value[at] ^ change]) + value[at + 1 :]
        return value, (*headers, *(self.headers or ()))


def right(kind: str, number: int) -> dict[str, Any]:
    """A request that nothing is wrong with. Those about a client mean the one that an earlier number may have made."""
    reference = f"g-{number}"
    if kind == "requested":
        data: dict[str, Any] = {"agency": "byra-ett", "external_ref": reference}
        data |= content(details__identity__number=organisation(number))
    elif kind == "cancellation_requested":
        data = {"external_ref": f"g-{number // 2}", "reason": "mistake"}
    else:
        data = {"external_ref": f"g-{number // 2}", "counts": {"bookkeeping": 1}}
    return cloud_event(reference, type=f"se.aktivera.onboarding.{kind}.v1", data=data)


def _change(document: dict[str, Any], place: str, value: Any) -> None:
    *parents, last = place.split("/")
    inner: Any = document
    for parent in parents:
        inner = inner.get(parent) if isinstance(inner, dict) else None
    if not isinstance(inner, dict):
        return
    if value == GONE:
        inner.pop(last, None)
    else:
        inner[last] = value


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=5,
)
VALUE = st.one_of(*[st.sampled_from((*NASTY, *[GONE] * 16))] * 9, JSON)
CHANGES = st.lists(st.tuples(st.sampled_from(PLACES.split()), VALUE), min_size=1, max_size=3)
KIND = st.sampled_from(("requested", *KINDS))
HEADER = st.tuples(
    st.sampled_from(HEADERS),
    st.one_of(
        st.binary(max_size=8), st.sampled_from(CONTENT_TYPES).map(str.encode), st.sampled_from(TYPES).map(str.encode)
    ),
)
RECIPE = st.one_of(
    st.builds(Recipe, KIND),
    st.builds(Recipe, KIND, CHANGES),
    st.builds(Recipe, KIND, CHANGES),
    st.builds(Recipe, KIND, headers=st.lists(HEADER, max_size=2)),
    st.builds(Recipe, KIND, CHANGES, headers=st.lists(HEADER, max_size=1)),
    st.builds(Recipe, KIND, depth=st.sampled_from((20, 31, 32, 33, 200, 1000, 3000))),
    st.builds(Recipe, KIND, cut=st.integers(0, 600)),
    st.builds(Recipe, KIND, flip=st.tuples(st.integers(0, 600), st.integers(1, 255))),
    st.builds(Recipe, KIND, raw=st.one_of(st.binary(max_size=40), st.sampled_from(RAW), JSON)),
)


def garbage(count: int) -> list[Record]:
    """That many records, the same ones in each run."""
    recipes: list[Recipe] = []

    @settings(
        max_examples=count // TOGETHER + 1,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(RECIPE, min_size=TOGETHER, max_size=TOGETHER))
    def collect(some: list[Recipe]) -> None:
        recipes.extend(some)

    collect()
    assert len(recipes) >= count, f"only {len(recipes)} recipes"
    return [recipe.record(number) for number, recipe in enumerate(recipes[:count])]
