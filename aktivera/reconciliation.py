"""Compares what each service owns with what the others keep of it, and has announced what is missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aktivera.recovery_client import RecoveryClient

WAITS = frozenset({"version_gap", "version_conflict"})


@dataclass(frozen=True)
class Difference:
    """One reader's difference from an owner, by ids.

    `missing`: never heard of, or not kept any more. `behind`: an older version was seen; may be on its way. `ahead`: a
    newer one was, so that the owner stands where it was restored to. `waiting`: held for a version. `stuck`: held for
    another reason, which an announcement does not help. `unknown`: the owner knows nothing of it.
    """

    reader: str
    projection: str
    owner: str
    kind: str
    missing: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        return bool(self.missing or self.behind or self.ahead or self.waiting or self.stuck or self.unknown)

    @property
    def plain(self) -> tuple[str, ...]:
        """What an announcement as it is heals."""
        return tuple(sorted({*self.missing, *self.behind}))

    @property
    def raised(self) -> tuple[str, ...]:
        """What only a version above all that were said heals."""
        return tuple(sorted({*self.ahead, *self.waiting} - {*self.unknown}))


def compare(
    place: Mapping[str, str],
    owned: Iterable[Mapping[str, Any]],
    kept: Iterable[Mapping[str, Any]],
    waiting: Iterable[str] = (),
) -> Difference:
    """Pure: what a reader keeps against what its owner has."""
    there = {each["id"]: each for each in owned}
    here = {each["id"]: each for each in kept}
    both = [(each["id"], each["version"], here[each["id"]]) for each in there.values() if each["id"] in here]
    waits = {each for each in waiting if each in there} | {key for key, _, row in both if row["held"] in WAITS}
    stuck = {key for key, _, row in both if row["held"] and row["held"] not in WAITS}
    return Difference(
        reader=place["service"],
        projection=place["name"],
        owner=place["owner"],
        kind=place["kind"],
        missing=tuple(key for key, each in there.items() if key not in here and not each["gone"]),
        behind=tuple(key for key, version, row in both if (row["seen"] or 0) < version and key not in waits | stuck),
        ahead=tuple(key for key, version, row in both if (row["seen"] or 0) > version and key not in waits),
        waiting=tuple(sorted(waits)),
        stuck=tuple(sorted(stuck)),
        unknown=tuple(key for key in here if key not in there),
    )


def differences(services: RecoveryClient) -> list[Difference]:
    """Every projection against its owner. Raises Refused, httpx.HTTPError."""
    return [
        compare(
            place,
            services.owned(place["owner"], place["kind"]),
            services.kept(place["service"], place["name"]),
            services.waiting(place["service"], place["name"]),
        )
        for place in services.projections()
    ]


def heal(services: RecoveryClient, found: Iterable[Difference]) -> None:
    """Has announced what is missing, each where it is owned. What is stuck or unknown to its owner needs a person."""
    for each in found:
        if each.missing:
            services.forget(each.reader, each.projection, each.missing, dry_run=False)
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
