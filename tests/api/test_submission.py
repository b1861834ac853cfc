"""How a submission is named."""

import pytest

from hearkit.api.submission import Submission
from hearkit.errors import UsageError


@pytest.mark.parametrize("name", ["", " ", ".", "package.", ".variant", "package..variant"])
def test_a_name_without_a_module_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="names no module"):
        Submission.of(name)


@pytest.mark.parametrize("name", ["my_model", "my_package.variant", "my-model"])
def test_names_that_python_imports_are_taken(name: str) -> None:
    assert Submission.of(name).module == name
