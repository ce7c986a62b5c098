"""What may come in: JSON as the standard has it, texts without NUL, ids in ASCII digits."""

from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, JsonValue, RootModel, StringConstraints
from starlette.convertors import IntegerConvertor, register_url_convertor

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]


class JSONObject(RootModel[dict[str, JsonValue]]):
    # Any str_max_length makes Pydantic refuse lone surrogates too, which no answer could hold.
    model_config = ConfigDict(allow_inf_nan=False, str_max_length=2**20)


async def utf8(request: Request) -> None:
    # Python's json takes UTF-16 and UTF-32 too, which have zeros; the standard does not.
    if b"\0" in await request.body():
        raise HTTPException(400, "The body is not in UTF-8.")


UTF8 = [Depends(utf8)]


class DigitsConvertor(IntegerConvertor):
    # 18 digits always fit in 64 bits. \Z, because the $ that Starlette adds lets a \n follow.
    regex = r"[0-9]{1,18}\Z"


register_url_convertor("digits", DigitsConvertor())


async def validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
    # FastAPI's own answer quotes the input, which may be what JSON cannot hold, such as NaN.
    detail = [{key: problem[key] for key in ("type", "loc", "msg")} for problem in error.errors()]
    return JSONResponse({"detail": detail}, status_code=422)
