"""What every section of a recipe is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0)]
Texts = Annotated[tuple[str, ...], Field(strict=False)]  # YAML has lists, no tuples


class Section(BaseModel):
    """A frozen group of settings; unknown keys are refused, and so is a text or a truth value for a number."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)
