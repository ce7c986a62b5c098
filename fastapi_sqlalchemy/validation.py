"""What may come in: JSON as the standard has it, texts without NUL, ids in ASCII digits."""

from typing import Annotated

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, JsonValue, RootModel, StringConstraints
from starlette.convertors import IntegerConvertor, register_url_convertor

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]


class JSONObject(RootModel[dict[str, JsonValue]]):
    # Any str_max_length makes Pydantic refuse lone surrogates too, which no answer could hold.
    model_config = ConfigDict(allow_inf_nan=False, str_max_length=2**20)


class DigitsConvertor(IntegerConvertor):
    # 18 digits always fit in 64 bits. \Z, because the $ that Starlette adds lets a \n follow.
    regex = r"[0-9]{1,18}\Z"


register_url_convertor("digits", DigitsConvertor())


async def validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
    # FastAPI's own answer quotes the input, which may be what JSON cannot hold, such as NaN.
    detail = [{key: problem[key] for key in ("type", "loc", "msg")} for problem in error.errors()]
    return JSONResponse({"detail": detail}, status_code=422)
