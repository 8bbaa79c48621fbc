"""A goal: what is wanted beside what was got."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """`got` against `wanted`; `most` turns the comparison round."""

    what: str
    wanted: float
    got: float | None
    unit: str = "×"
    most: bool = False
    note: str = ""

    @property
    def met(self) -> bool:
        if self.got is None:
            return False
        return self.got <= self.wanted if self.most else self.got >= self.wanted

    def row(self) -> str:
        sign = "≤" if self.most else "≥"
        got = "void" if self.got is None else f"{self.got:.2f} {self.unit}"
        verdict = "met" if self.met else "missed"
        return (
            f"| {self.what} | {sign} {self.wanted:g} {self.unit} | {got} | {verdict}{self.note and ': ' + self.note} |"
        )


def ratio(one: float | None, other: float | None) -> float | None:
    """One through the other, where both were measured."""
    return one / other if one and other else None
