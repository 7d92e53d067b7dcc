"""The sandbox's own description against the published one, field by field."""

from pathlib import Path

import pytest
import yaml

from argyle_nb.sandbox import endpoints, limits, validation
from argyle_nb.sandbox.app import Credentials, build_app, openapi_description
from argyle_nb.sandbox.objects import PAYROLL_DATA
from argyle_nb.sandbox.outbox import EVENTS, EVERY_EVENT
from argyle_nb.sandbox.store import Store

PUBLISHED = Path(__file__).parents[1] / "support" / "published_api.yml"

EVERYWHERE = {"400", "401", "403", "429", "431", "503"}
WITH_A_BODY = {"408", "413", "415"}


TEXTS = ("external_id", "first_name", "last_name", "email", "phone_number", "ssn")
ADDRESS = ("city", "line1", "line2", "state", "country", "postal_code")
END_USER = ("name", "address", "city", "state", "zip", "phone")
NULLABLE_TEXTS = (*TEXTS, *(f"address.{part}" for part in ADDRESS))


def each(start, names, fact):
    return {start + name: fact for name in names}


# Reason -> place -> what stands in our description instead; None where ours has nothing.
DIFFERENCES = {
    "declared as a UUID, an evident slip: it takes the values of document_type": {
        "GET /v2/user-uploads ? document_type": (
            "query string of: paystubs W-2 1099 proof-of-identity proof-of-address miscellaneous"
        ),
    },
    "declared as a UUID, but the printed items are like item_000012271": {
        "GET /v2/accounts ? item": "query string",
    },
    "the published text lists these values, its schema does not": {
        "UserUpload document_type": (
            "string of: paystubs W-2 1099 proof-of-identity proof-of-address miscellaneous"
        ),
    },
    "here it is a whole URL, which its description promises and its example is not": {
        "UserUpload file_url": "string uri",
    },
    "not declared nullable, but printed as null in the published examples": {
        "UserUpload metadata.employment": "object nullable deprecated",
        "UserUpload metadata.ocr_data": "object nullable",
        "UserUpload metadata.ocr_authenticity": "object nullable",
        "UserUpload metadata.ocr_authenticity_score": "integer nullable",
        **each("User ", NULLABLE_TEXTS, "string nullable"),
        **each("User birth_date.", ("year", "month", "day"), "integer nullable"),
    },
    "what may come back as null may be sent as null": {
        **each("UserProfile ", NULLABLE_TEXTS, "string nullable"),
        **each("UserProfile birth_date.", ("year", "month", "day"), "integer nullable"),
        **each("UserProfile ", ("address", "birth_date", "open_banking"), "object nullable"),
        "UserProfile open_banking.end_user": "object nullable",
        **each("UserProfile open_banking.end_user.", END_USER, "string nullable"),
    },
    "declared as an object, described as any valid JSON": {
        "User external_metadata": "any",
        "UserProfile external_metadata": "any",
    },
    "accounts here are made by uploads alone and never connected": {
        "Account source": "string of: doc_upload_item",
        "Account scanned_at": "string date-time nullable of: None",
        "Account connection.status": "string of: connecting",
        "Account connection.error_code": "string nullable of: None",
        "Account connection.error_message": "string nullable of: None",
        "Account direct_deposit_switch.status": "string of: idle",
        "Account direct_deposit_switch.error_code": "string nullable of: None",
        "Account direct_deposit_switch.error_message": "string nullable of: None",
        "Account availability.user_uploads": "AvailabilityItem",
        **each("Account availability.", PAYROLL_DATA, "object nullable of: None"),
        "AvailabilityItem status": "string of: synced",
        "AvailabilityItem available_count": None,
        "AvailabilityItem available_from": None,
        "AvailabilityItem available_to": None,
    },
    "served here only: the server itself, and where file_url leads": {
        "GET / 200": "About",
        "GET /openapi.json 200": "object",
        "GET /v2/user-uploads/{id}/file ? id": "path string uuid required",
        "GET /v2/user-uploads/{id}/file 302": "nothing",
        "GET /downloads/{id} ? id": "path string uuid required",
        "GET /downloads/{id} 200": "application/pdf image/jpeg image/png image/heic",
    },
    "the published page of webhooks is prose, without a schema": {
        "GET /v2/webhooks ? limit": "query integer",
        "GET /v2/webhooks ? cursor": "query string",
        "GET /v2/webhooks 200": "page of Webhook",
        "POST /v2/webhooks body": "application/json WebhookSubscription required",
        "POST /v2/webhooks 200": "Webhook",
        "GET /v2/webhooks/{id} ? id": "path string uuid required",
        "GET /v2/webhooks/{id} 200": "Webhook",
        "DELETE /v2/webhooks/{id} ? id": "path string uuid required",
        "DELETE /v2/webhooks/{id} 204": "nothing",
    },
}
# No refusal is published at all; these are ours.
REFUSALS = {
    "GET /": EVERYWHERE,
    "GET /openapi.json": EVERYWHERE,
    "GET /downloads/{id}": EVERYWHERE | {"404"},
    "GET /v2/accounts": EVERYWHERE | {"404"},
    "GET /v2/accounts/{id}": EVERYWHERE | {"404"},
    "DELETE /v2/accounts/{id}": EVERYWHERE | {"404"},
    "GET /v2/users": EVERYWHERE | {"404"},
    "POST /v2/users": EVERYWHERE | WITH_A_BODY,
    "GET /v2/users/{id}": EVERYWHERE | {"404"},
    "PATCH /v2/users/{id}": EVERYWHERE | WITH_A_BODY | {"404"},
    "DELETE /v2/users/{id}": EVERYWHERE | {"404"},
    "GET /v2/user-uploads": EVERYWHERE | {"404"},
    "POST /v2/user-uploads": EVERYWHERE | WITH_A_BODY,
    "GET /v2/user-uploads/{id}": EVERYWHERE | {"404"},
    "GET /v2/user-uploads/{id}/file": EVERYWHERE | {"404"},
    "GET /v2/webhooks": EVERYWHERE | {"404"},
    "POST /v2/webhooks": EVERYWHERE | WITH_A_BODY,
    "GET /v2/webhooks/{id}": EVERYWHERE | {"404"},
    "DELETE /v2/webhooks/{id}": EVERYWHERE | {"404"},
}
# Schemas that stand for nothing published.
OUR_SCHEMAS = {"About", "Detail", "FieldErrors", "Webhook", "WebhookSubscription"}
# Only of what is sent does the published description say which fields are required.
SENT = {"UserProfile", "UserUploadForm"}


@pytest.fixture(scope="module")
def ours():
    return openapi_description("http://127.0.0.1:1")


@pytest.fixture(scope="module")
def published():
    return yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))


def fact(schema, *, required=False):
    """Say in the words of the published table what a schema allows."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    words = [schema.get("type", "any"), schema.get("format", ""), "required" if required else ""]
    words += [word for word in ("nullable", "deprecated") if schema.get(word)]
    if "enum" in schema:
        words.append("of: " + " ".join(map(str, schema["enum"])))
    return " ".join(filter(None, words))


def fields(schema, *, sent, prefix=""):
    for name, inner in schema.get("properties", {}).items():
        place = prefix + name
        yield place, fact(inner, required=sent and name in schema.get("required", ()))
        if inner.get("type") == "array":
            yield f"{place}[]", fact(inner["items"])
        yield from fields(inner, sent=sent, prefix=f"{place}.")


def operations(description):
    for path, item in description["paths"].items():
        for method in item.keys() - {"parameters"}:
            parameters = item.get("parameters", []) + item[method].get("parameters", [])
            yield f"{method.upper()} {path}", {**item[method], "parameters": parameters}


def answered(response):
    """Return the schema of a JSON answer, or an empty one."""
    return response.get("content", {}).get("application/json", {}).get("schema", {})


def answer(response):
    """Name what an answer holds."""
    schema = answered(response)
    if not schema:
        return " ".join(response.get("content", ["nothing"]))
    results = schema.get("properties", {}).get("results")
    return "page of " + fact(results["items"]) if results else fact(schema)


def facts_of_operation(label, operation):
    for one in operation["parameters"]:
        what = fact(one["schema"], required=one.get("required", False))
        yield f"{label} ? {one['name']}", f"{one['in']} {what}"
    if "requestBody" in operation:
        ((media_type, content),) = operation["requestBody"]["content"].items()
        required = " required" if operation["requestBody"].get("required") else ""
        yield f"{label} body", f"{media_type} {fact(content['schema'])}{required}"
    for status, response in operation["responses"].items():
        if status < "400":
            yield f"{label} {status}", answer(response)


def our_facts(description):
    for label, operation in operations(description):
        yield from facts_of_operation(label, operation)
    for name, schema in description["components"]["schemas"].items():
        if name not in OUR_SCHEMAS:
            for place, what in fields(schema, sent=name in SENT):
                yield f"{name} {place}", what


def published_facts(table):
    for label, operation in table["operations"].items():
        for name, what in operation.get("parameters", {}).items():
            yield f"{label} ? {name}", what
        if "body" in operation:
            yield f"{label} body", operation["body"]
        for status, what in operation["answers"].items():
            yield f"{label} {status}", what
    for name in table["schemas"].keys() - {"Page"}:
        for place, what in table["schemas"][name].items():
            yield f"{name} {place}", what


def test_it_differs_from_the_published_description_only_where_said_and_why(ours, published):
    """An unlisted difference fails, and so does a listed one that is no more."""
    here, there = dict(our_facts(ours)), dict(published_facts(published))
    found = {
        place: here.get(place)
        for place in here.keys() | there.keys()
        if here.get(place) != there.get(place)
    }
    listed = {place: what for places in DIFFERENCES.values() for place, what in places.items()}
    assert found == listed


def test_no_place_is_listed_under_two_reasons():
    places = [place for reason in DIFFERENCES.values() for place in reason]
    assert len(places) == len(set(places))


def test_pages_have_the_published_envelope(ours, published):
    schemas = [
        answered(operation["responses"]["200"])
        for _, operation in operations(ours)
        if answer(operation["responses"].get("200", {})).startswith("page of")
    ]
    assert len(schemas) == 4
    for schema in schemas:
        envelope = dict(fields(schema, sent=False))
        assert {name: envelope[name] for name in published["schemas"]["Page"]} == (
            published["schemas"]["Page"]
        )


def test_the_refusals_of_each_operation_are_those_listed(ours):
    found = {
        label: {status for status in operation["responses"] if status >= "400"}
        for label, operation in operations(ours)
    }
    assert found == REFUSALS


def test_the_schemas_that_are_only_ours_are_those_listed(ours, published):
    names = set(ours["components"]["schemas"])
    assert names - published["schemas"].keys() == OUR_SCHEMAS
    assert published["schemas"].keys() - names == {"Page"}


def test_exactly_what_is_served_is_described(ours, tmp_path):
    store = Store(tmp_path)
    app = build_app(
        store,
        port=1,
        credentials=Credentials("", ""),
        ocr="off",
        bucket=None,
        wake=lambda: None,
        null_style="null",
    )
    store.close()
    served = {
        f"{method} {route.path}" for route in app._app.routes for method in route.methods - {"HEAD"}
    }
    assert served == {label for label, _ in operations(ours)}


def limits_of(ours):
    """Yield each limit that the description writes out, and the one in force."""
    schemas = ours["components"]["schemas"]
    sent, webhook = schemas["UserProfile"]["properties"], schemas["WebhookSubscription"]
    page = {one["name"]: one for one in ours["paths"]["/v2/users"]["get"]["parameters"]}
    yield sent.keys(), validation.PROFILE_CHECKS.keys()
    yield sent["email"]["pattern"], f"^{validation.EMAIL}$"
    yield sent["phone_number"]["pattern"], f"^{validation.PHONE}$"
    yield sent["external_id"]["maxLength"], validation.MAX_EXTERNAL_ID
    for name, (least, most) in validation.BIRTH_DATE_RANGES.items():
        schema = sent["birth_date"]["properties"][name]
        yield (schema["minimum"], schema["maximum"]), (least, most)
    yield page["limit"]["schema"]["default"], validation.DEFAULT_LIMIT
    most = validation.MAX_LIMIT
    yield page["limit"]["description"], f"Values above {most} count as {most}."
    yield schemas["UserUploadForm"]["maxProperties"], limits.MAX_PARTS
    yield webhook["properties"]["name"]["maxLength"], endpoints.MAX_TEXT
    yield webhook["properties"]["url"]["maxLength"], endpoints.MAX_URL
    events = [*EVENTS, EVERY_EVENT]
    yield webhook["properties"]["events"]["oneOf"][1]["items"]["enum"], events
    yield schemas["Webhook"]["properties"]["events"]["items"]["enum"], events


def test_the_limits_described_are_those_in_force(ours):
    described, in_force = zip(*limits_of(ours), strict=True)
    assert described == in_force


def test_every_answered_object_is_complete_and_has_nothing_else(ours):
    """So that a field that the server forgets, or adds, is a fault and not a variant."""

    def incomplete(name, schema):
        if "properties" in schema:
            whole = set(schema.get("required", ())) == set(schema["properties"])
            if not whole or schema.get("additionalProperties") is not False:
                yield name
            for inner, one in schema["properties"].items():
                yield from incomplete(f"{name}.{inner}", one)

    schemas = ours["components"]["schemas"]
    names = schemas.keys() - SENT - {"WebhookSubscription"}
    found = [place for name in names for place in incomplete(name, schemas[name])]
    assert found == ["Webhook.config"]
