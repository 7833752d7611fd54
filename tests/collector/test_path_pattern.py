import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.path_pattern import PathPattern


@pytest.mark.parametrize(
    ("pattern", "path", "is_match"),
    [
        ("/admin", "/admin", True),
        ("/admin", "/admin/", False),
        ("/admin", "/administration", False),
        ("/admin/*", "/admin/users", True),
        ("/admin/*", "/admin/", True),
        ("/admin/*", "/admin/users/7", False),
        ("/admin/**", "/admin/users/7", True),
        ("/admin/**", "/admin", False),
        ("*.pdf", "/a.pdf", False),
        ("/*.pdf", "/a.pdf", True),
        ("**.pdf", "/a/b.pdf", True),
        ("**.pdf", "/a.pdf/b", False),
        ("/a.c", "/abc", False),
        ("/*/preview", "/post/preview", True),
        ("/*/*/x", "/a/b/x", True),
        ("/*/*/x", "/a/b/c/x", False),
        ("**", "", True),
        ("*", "/", False),
    ],
)
def test_patterns(pattern: str, path: str, is_match: bool) -> None:
    assert PathPattern(pattern).matches(path) is is_match


@given(st.text("ab/*", max_size=8), st.text("ab/", max_size=10))
def test_it_means_what_the_regular_expression_means(pattern: str, path: str) -> None:
    wildcards = {"**": ".*", "*": "[^/]*"}
    expression = "".join(wildcards.get(part, part) for part in re.split(r"(\*\*|\*)", pattern))
    assert PathPattern(pattern).matches(path) is (re.fullmatch(expression, path) is not None)


@pytest.mark.parametrize("pattern", ["/*-*-*-*-*/x", "/**/a/**/a/**/a/**/b", "/**-**-**-**/x", "**a**a**a**a**b"])
def test_no_path_keeps_it_busy(pattern: str) -> None:
    """A regular expression takes seconds for each of these; this, thousands of times less."""
    paths = ["/" + "a-" * 255, "/a" * 255, "a" * 512]
    started = time.process_time()
    assert not any(PathPattern(pattern).matches(path) for path in paths)
    assert time.process_time() - started < 0.2
