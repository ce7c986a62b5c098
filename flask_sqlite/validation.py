"""What may come in: JSON as the standard has it, items within their limits, ids in ASCII digits."""

import math
import re
import sys

from flask import abort, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.routing import IntegerConverter


class StrictJSONProvider(DefaultJSONProvider):
    """Refuses NaN, Infinity, 1e999 and UTF-16, which Python's json takes, the standard does not."""

    def loads(self, s, **kwargs):
        return super().loads(str(s, "utf-8"), parse_float=finite, parse_constant=finite, **kwargs)


def finite(literal):
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError(f"{literal} is not a number in JSON.")
    return number


class DigitsConverter(IntegerConverter):
    regex = "[0-9]{1,18}"  # 18 digits always fit in 64 bits


def is_text(value, longest):
    # NUL breaks some databases, and a lone surrogate cannot be encoded in UTF-8.
    return (
        isinstance(value, str)
        and len(value) <= longest
        and not re.search("[\0\ud800-\udfff]", value)
    )


IS_VALID = {
    "name": lambda value: is_text(value, longest=100) and value != "",
    "description": lambda value: is_text(value, longest=200),
    "price": lambda value: type(value) in (int, float) and 0 <= value <= sys.float_info.max,
    "in_stock": lambda value: type(value) is bool,
}


def object_from_request():
    """Return the JSON object that was sent, or abort."""
    body = request.get_json()
    if not isinstance(body, dict):
        abort(422, "The body must be a JSON object.")
    return body


def values_from_request():
    """Return the values of the item that was sent, or abort."""
    item = {"in_stock": True, **object_from_request()}
    for field, is_valid in IS_VALID.items():
        if not is_valid(item.get(field)):
            abort(422, f"{field} is missing or not valid.")
    return {field: item[field] for field in IS_VALID} | {"price": float(item["price"])}
