import pytest
from pydantic import ValidationError

from rag_api.retrieval_options import RetrievalOptions
from rag_core.validation import say_fault


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"variants": 5}, "Input should be less than or equal to 4, not 5"),
        ({"variants": "2"}, "Input should be a valid integer, not '2'"),
        ({"rewrite": "always"}, "Input should be 'auto' or 'never', not 'always'"),
        ({"rewrite": "x" * 99}, "Input should be 'auto' or 'never'"),
        ({"filtr": 1}, "there is no such field: check its spelling"),
        ({"filter": []}, "Input should be an object, not []"),
        ({"filter": {}}, "must be an object with 'type'"),
        ({"filter": {"type": "is", "key": "title"}}, "'type' must be one of 'eq', "),
    ],
)
def test_a_fault_names_the_value_and_what_may_stand_there(given: object, said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        RetrievalOptions.model_validate(given)

    assert say_fault(raised.value.errors()[0]).startswith(said)
