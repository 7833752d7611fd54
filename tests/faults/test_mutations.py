"""The tables of safeguards do not rot: each edit still applies, and the test that it turns red is there."""

import pytest

from support.mutations import COPIED, SNIPPET_TABLE, Safeguard, safeguards

SNIPPET = safeguards(SNIPPET_TABLE)
ALL = safeguards() + SNIPPET


@pytest.mark.parametrize("safeguard", ALL, ids=[safeguard.name for safeguard in ALL])
def test_the_edit_applies_and_the_test_exists(safeguard: Safeguard) -> None:
    assert safeguard.problem() == ""
    assert safeguard.old != safeguard.new
    assert safeguard.file.partition("/")[0] in COPIED


def test_each_safeguard_has_a_name_of_its_own() -> None:
    names = [safeguard.name for safeguard in ALL]
    assert len(names) == len(set(names)) > 50 + len(SNIPPET) > 120
