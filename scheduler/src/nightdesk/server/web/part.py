"""The part ``request`` of a form: JSON in one of its fields, read as strictly as a body."""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from nightdesk.server.domain.errors import Invalid

Model = TypeVar("Model", bound=BaseModel)


def read_part(model: type[Model], text: str) -> Model:
    """The part as a model.

    Raises:
        Invalid: it is no JSON, or not of the model's shape; the message names the place.
    """
    try:
        # json.loads, not the model's own parser: it keeps NaN apart, which is refused with its name
        data = json.loads(text)
        json.dumps(data, ensure_ascii=False).encode("utf-8")
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Invalid(
            f"the request's '{place}': {first['msg']}" if place else "the request is no object",
            field=place or None,
        ) from None
    except UnicodeEncodeError:
        raise Invalid("the request contains half a character (a lone surrogate)") from None
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the part 'request' is no JSON: {error}") from None
