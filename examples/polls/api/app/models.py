from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class NewPoll(BaseModel):
    question: Text
    options: list[Text] = Field(min_length=2)


class Option(BaseModel):
    id: int
    text: str
    votes: int


class Poll(BaseModel):
    id: int
    question: str
    created_at: datetime
    options: list[Option]


class NewVote(BaseModel):
    option_id: int


class AcceptedVote(BaseModel):
    """A vote that will be counted; it can be given again under its id without counting twice."""

    id: UUID
