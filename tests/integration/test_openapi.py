"""GET /openapi.json describes what is there: every route that it names answers, and needs a key."""
import re

import pytest

METHODS = {"get", "post", "put", "patch", "delete"}
REQUIRED = """
  POST /v1/verify, POST /v1/bulk/verify, GET /v1/bulk, GET /v1/bulk/{job_id},
  DELETE /v1/bulk/{job_id}, GET /v1/bulk/download/{job_id}, POST /v1/webhooks, GET /v1/webhooks,
  GET /v1/webhooks/{webhook_id}, PATCH /v1/webhooks/{webhook_id},
  DELETE /v1/webhooks/{webhook_id}, POST /v1/webhooks/{webhook_id}/test, GET /v1/events,
  GET /v1/deliveries, GET /v1/dead-letters, POST /v1/sources, GET /v1/sources,
  POST /v1/destinations, GET /v1/contacts, POST /v1/contacts/import, POST /v1/keys,
  POST /v1/tenants, POST /webhooks/{source}, GET /metrics, GET /metrics/webhooks, GET /healthz,
  GET /readyz
"""


@pytest.fixture(name="document")
def fetch(program):
    return program.get("/openapi.json", key=None)


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield method.upper(), path, operation


def test_it_is_an_openapi_document_without_loose_ends(document):
    assert document["openapi"].startswith("3.")
    schemas = document["components"]["schemas"]
    references = re.findall(r"'\$ref': '#/components/schemas/([^']+)'", repr(document))
    assert references and set(references) <= set(schemas), set(references) - set(schemas)
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))


def test_it_names_the_routes_that_users_rely_on(document):
    there = {f"{method} {path}" for method, path, _ in operations(document)}
    required = {route.strip() for route in REQUIRED.split(",")}
    assert required <= there, required - there


def test_every_documented_route_is_there_and_guarded(program, document):
    for method, path, operation in operations(document):
        real = re.sub(r"\{\w+\}", "x", path)
        answer = program.call(method, real, {} if method in ("POST", "PATCH", "PUT") else None,
                              key=None)
        if operation.get("security") == []:
            # The door of a source that does not exist is the one public route with an id.
            allowed = {404} if "{" in path else {200}
            assert answer.status in allowed, f"{answer} for {path}"
        else:
            assert answer.status == 401, f"{answer} for {path}"


def test_every_documented_route_answers_a_caller_with_a_key(program, document):
    for method, path, operation in operations(document):
        if "{" in path or method != "GET":
            continue
        answer = program.call(method, path)
        assert str(answer.status) in operation["responses"], f"{answer} for {path}"


def test_every_parameter_of_a_path_is_described(document):
    for method, path, operation in operations(document):
        described = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert described == set(re.findall(r"\{(\w+)\}", path)), (method, path)
        assert all(p["required"] for p in operation["parameters"] if p["in"] == "path")


def test_what_a_job_answers_has_the_members_that_are_described(program, document):
    job_id = program.submit(["accepted_email@sandbox.test"])
    described = document["components"]["schemas"]["Job"]["properties"]
    assert set(program.job(job_id)) <= set(described), set(program.job(job_id)) - set(described)
