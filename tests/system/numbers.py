"""Organisation numbers for tests: invented, with the right check digit."""

from collections.abc import Iterator


def organisation_numbers(start: int = 0) -> Iterator[str]:
    """556900-0009 and so on; none of them is a person's, since the third digit is at least 2."""
    for number in range(start, 10**6):
        nine = f"556{9 - number // 10**5}{number % 10**5:05d}"  # 5568… once those of 5569… are used up
        digits = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(nine)]
        total = sum(digit // 10 + digit % 10 for digit in digits)
        yield f"{nine[:6]}-{nine[6:]}{-total % 10}"
