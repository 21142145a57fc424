"""Every snippet of docs/ runs, and prints what it says it prints."""

import doctest
import os
import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda p: p.name)
def test_snippets(path, tmp_path, monkeypatch):
    """Snippets of one page share their names; a page without snippets has nothing to run."""
    monkeypatch.chdir(tmp_path)
    text = "\n".join(FENCE.findall(path.read_text(encoding="utf-8")))
    test = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(test, out=sys.stdout.write)
    assert runner.summarize(verbose=False).failed == 0
    assert os.getcwd() == str(tmp_path)
