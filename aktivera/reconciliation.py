"""Compares what each service owns with what the others keep of it, and has announced what that mends."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aktivera.recovery_client import RecoveryClient

MADE_FROM = {"activation": "client"}
"""Kind → the kind of the same id that its owner makes it from."""


@dataclass(frozen=True)
class Difference:
    """One reader's difference from an owner, by ids.

    `missing`: never heard of, or not kept any more. `behind`: an older version was seen; may be on its way. `ahead`: a
    newer one was, so that the owner stands where it was restored to. `waiting`: events of it are held. `unknown`: the
    owner knows nothing of it. `orphans`: those of all these that no announcement mends, so that a person must.
    """

    reader: str
    projection: str
    owner: str
    kind: str
    missing: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        return bool(self.missing or self.behind or self.ahead or self.waiting or self.unknown)

    @property
    def needs_a_person(self) -> bool:
        return bool(self.orphans)

    @property
    def plain(self) -> tuple[str, ...]:
        """What an announcement as it is heals."""
        return self._mended(*self.missing, *self.behind)

    @property
    def raised(self) -> tuple[str, ...]:
        """What only a version above all that were said heals."""
        return self._mended(*self.ahead, *self.waiting)

    def _mended(self, *ids: str) -> tuple[str, ...]:
        return tuple(each for each in ids if each not in self.orphans)


def compare(
    place: Mapping[str, str],
    owned: Iterable[Mapping[str, Any]],
    kept: Iterable[Mapping[str, Any]],
    waiting: Iterable[str] = (),
) -> Difference:
    """Pure: what a reader keeps against what its owner has."""
    there = {each["id"]: each for each in owned}
    here = {each["id"]: each["seen"] or 0 for each in kept}
    waits = {each for each in waiting if each in there}
    both = [(key, each["version"], here[key]) for key, each in there.items() if key in here and key not in waits]
    return Difference(
        reader=place["service"],
        projection=place["name"],
        owner=place["owner"],
        kind=place["kind"],
        missing=tuple(key for key, each in there.items() if not (key in here or key in waits or each["gone"])),
        behind=tuple(key for key, version, seen in both if seen < version),
        ahead=tuple(key for key, version, seen in both if seen > version),
        waiting=tuple(sorted(waits)),
        unknown=tuple(key for key in here if key not in there),
    )


def with_orphans(found: Sequence[Difference]) -> list[Difference]:
    """Pure: telling the owner of what a thing is made from is in vain where it does not know that any more; and what is
    unknown to its owner is so no more, once the owner is told of what it is made from."""
    unknown = {(each.owner, each.kind, key) for each in found for key in each.unknown}
    told = {(each.reader, each.kind, key) for each in found for key in (*each.plain, *each.raised)}

    def orphans(of: Difference) -> tuple[str, ...]:
        source = MADE_FROM.get(of.kind)
        in_vain = [key for key in (*of.plain, *of.raised) if (of.reader, source, key) in unknown]
        return (*in_vain, *(key for key in of.unknown if (of.owner, source, key) not in told))

    return [replace(each, orphans=orphans(each)) for each in found]


def differences(services: RecoveryClient) -> list[Difference]:
    """Every projection against its owner. Raises Refused, httpx.HTTPError."""
    found = [
        compare(
            place,
            services.owned(place["owner"], place["kind"]),
            services.kept(place["service"], place["name"]),
            services.waiting(place["service"], place["name"]),
        )
        for place in services.projections()
    ]
    return with_orphans(found)


def heal(services: RecoveryClient, found: Iterable[Difference]) -> None:
    """Has announced what that mends, each where it is owned. Of an orphan each run would only have one more held."""
    for each in found:
        if missing := [key for key in each.missing if key not in each.orphans]:
            services.forget(each.reader, each.projection, missing, dry_run=False)
        if each.plain:
            services.announce(each.owner, each.plain, kind=each.kind, dry_run=False)
        if each.raised:
            services.announce(each.owner, each.raised, kind=each.kind, raise_versions=True, dry_run=False)


def rebuild(services: RecoveryClient, name: str, *, dry_run: bool) -> dict[str, Any]:
    """Forgets one projection, named reader.projection, and has it announced. Raises KeyError for another name."""
    places = {f"{each['service']}.{each['name']}": each for each in services.projections() if each["rebuilds"]}
    if name not in places:
        raise KeyError(", ".join(places))
    place = places[name]
    forgotten = services.forget(place["service"], place["name"], None, dry_run=dry_run)
    announced = services.announce(place["owner"], (), kind=place["kind"], dry_run=dry_run)
    return {"dry_run": dry_run, "forgotten": forgotten["forgotten"], "announced": announced["aggregates"]}
