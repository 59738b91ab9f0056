"""Every answer of the API is one that its OpenAPI document declares, whatever is asked (schemathesis)."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = int(os.environ.get("PROMPTKEEPER_API_EXAMPLES", "6"))
"""Requests per operation; hundreds in a long run."""


@pytest.mark.parametrize("signed_in", [True, False])
def test_no_answer_is_undeclared_and_none_is_an_error_of_the_server(house, signed_in):
    document = schemathesis.openapi.from_asgi("/openapi.json", house.app, headers={"Host": "127.0.0.1"})
    secret = house.token("admin")
    headers = {"Host": "127.0.0.1", **({"Authorization": f"Bearer {secret}"} if signed_in else {})}
    operations = [result.ok() for result in document.get_all_operations()]
    assert len(operations) > 25
    for operation in operations:
        _try(operation, headers)


def _try(operation, headers):
    @given(case=operation.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def one(case):
        case.call_and_validate(headers=headers, checks=CHECKS)

    one()
