import pytest
from pydantic import ValidationError

from app.models import NewPoll


def test_what_people_type_loses_its_surrounding_spaces():
    assert NewPoll(question=" Tea? ", options=["yes ", " no"]).options == ["yes", "no"]


@pytest.mark.parametrize("options", [[], ["only one"], ["yes", "  "]])
def test_a_poll_needs_two_options_that_say_something(options):
    with pytest.raises(ValidationError):
        NewPoll(question="Tea?", options=options)
