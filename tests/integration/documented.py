"""Holds real answers against the document of the routes: each has the members that it says, and no others."""

import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

JSON = ("application/json", "application/problem+json")
OF_ANY_ROUTE = (400, 401, 405, 408, 413, 415, 500, 503)
"""Refusals of the door, whose further members no single route describes."""

Operation = tuple[str, str]


class Documented:
    """A hook of an httpx client. `seen`: the routes that have answered otherwise than with a refusal."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = strict(document)
        self.operations: dict[Operation, dict[str, Any]] = {
            (method.upper(), path): route
            for path, routes in document["paths"].items()
            for method, route in routes.items()
            if path.startswith("/v1/")
        }
        self._paths = {path: _pattern(path) for _, path in self.operations}
        self.seen: set[Operation] = set()
        self._validator = cache(self._validator_of)

    async def check(self, answer: httpx.Response) -> None:
        """Raises AssertionError with what is otherwise than documented."""
        operation = self._operation(answer.request)
        if operation is None or answer.headers.get("content-type", "").startswith("text/event-stream"):
            return  # a stream has no end that could be waited for
        await answer.aread()
        wrong = self._problems(operation, answer)
        assert wrong == [], f"{operation} {answer.status_code} is not as its document says: {wrong}\n{answer.text}"
        if answer.is_success:
            self.seen.add(operation)

    def _operation(self, request: httpx.Request) -> Operation | None:
        found = [path for path, pattern in self._paths.items() if pattern.fullmatch(request.url.path)]
        plain = sorted(found, key=lambda path: path.count("{"))  # `/hide` before `/{client_id}`
        known = [(request.method, path) for path in plain if (request.method, path) in self.operations]
        return known[0] if known else None

    def _problems(self, operation: Operation, answer: httpx.Response) -> list[str]:
        responses, status = self.operations[operation]["responses"], str(answer.status_code)
        if answer.status_code in OF_ANY_ROUTE:
            return []
        said = responses.get(status, responses.get(f"{status[0]}XX"))
        if said is None:
            return ["no such status"]
        headers = said.get("headers", {})
        missing = [name for name, header in headers.items() if header["required"] and name not in answer.headers]
        kind = answer.headers.get("content-type", "")
        content = said.get("content", {})
        if kind not in content and kind.partition(";")[0] not in content and (answer.content or content):
            return [*missing, f"{kind or 'nothing'} in place of {sorted(content)}"]
        if kind in JSON:
            place = "responses", status if status in responses else f"{status[0]}XX", "content", kind, "schema"
            return [*missing, *(each.message for each in self._validator(operation, place).iter_errors(answer.json()))]
        return missing

    def _validator_of(self, operation: Operation, place: tuple[str, ...]) -> jsonschema_rs.Validator:
        method, path = operation
        schema = self._document["paths"][path][method.lower()]
        for step in place:
            schema = schema[step]
        whole = {**schema, "components": self._document["components"]}
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def strict(schema: Any) -> Any:
    """The same document, in which an object has no members but those that it says."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {name: strict(each) for name, each in schema.items()}
    if copy.get("type") == "object" and isinstance(copy.get("properties"), dict):
        copy["additionalProperties"] = False
    return copy


def _pattern(path: str) -> re.Pattern[str]:
    """`{a_and_b}` is two in one, with slashes; any other parameter is a segment."""
    parts = re.sub(r"\\\{[a-z]+_and_[a-z]+\\\}", ".+", re.escape(path))
    return re.compile(re.sub(r"\\\{[a-z_]+\\\}", "[^/]+", parts))
