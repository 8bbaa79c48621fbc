"""What an organisation number's first digit says of the company form, and whether a name says another."""

import re
from collections.abc import Mapping

from schemas.values import IdentityKind

GROUPS = frozenset("1235678" + "9")
"""Estates, state and municipality, foreign, limited, simple partnership, economic, non-profit, partnerships."""

_LIMITED, _ECONOMIC, _IDEAL, _PARTNERSHIP = frozenset("5"), frozenset("7"), frozenset("8"), frozenset("9")

FORMS: Mapping[str, frozenset[str]] = {
    "ab": _LIMITED,
    "aktiebolag": _LIMITED,
    "aktiebolaget": _LIMITED,
    "hb": _PARTNERSHIP,
    "handelsbolag": _PARTNERSHIP,
    "handelsbolaget": _PARTNERSHIP,
    "kb": _PARTNERSHIP,
    "kommanditbolag": _PARTNERSHIP,
    "kommanditbolaget": _PARTNERSHIP,
    "bostadsrättsförening": _ECONOMIC,
    "bostadsrättsföreningen": _ECONOMIC,
    "brf": _ECONOMIC,
    "samfällighetsförening": _ECONOMIC,
    "ekonomisk förening": _ECONOMIC,
    "ek för": _ECONOMIC,
    "ideell förening": _IDEAL,
    "stiftelse": _IDEAL,
    "stiftelsen": _IDEAL,
    "dödsbo": frozenset("1"),
    "kommun": frozenset("2"),
}
"""A form as names say it → the first digits that its numbers have."""


def fits_form(kind: IdentityKind, ten: str, name: str) -> bool:
    """Whether the group of a number, ten digits, is one that its kind and a form named in the name would have.

    It does not prove the form: a mismatch is to be looked at and refuses nothing.
    """
    if kind != "organisation":
        return True
    if ten[0] not in GROUPS:
        return False
    named = [digits for form, digits in FORMS.items() if _names(name, form)]
    return not named or any(ten[0] in digits for digits in named)


def _names(name: str, form: str) -> bool:
    """Whether the form stands at the end or the beginning of a name, where companies have it; never in the middle."""
    words = re.findall(r"\w+", name.casefold())
    wanted = form.split()
    ends = words[:-1] if words[-1:] == ["publ"] else words
    return ends[-len(wanted) :] == wanted or words[: len(wanted)] == wanted
