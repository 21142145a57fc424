"""Every snippet of docs/ and of the README runs, and prints what it says it prints."""

import doctest
import os
import re
import sys
from pathlib import Path

import pytest

from tetrakis.learners import search

DOCS = Path(__file__).parents[2] / "docs"
README = DOCS.parent / "README.md"
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda p: p.name)
def test_snippets(path, tmp_path, monkeypatch):
    """Snippets of one page share their names; a page without snippets has nothing to run."""
    monkeypatch.chdir(tmp_path)
    snippets = FENCE.findall(path.read_text(encoding="utf-8"))
    text = "\n".join(part for part in snippets if ">>> " in part)
    test = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(test, out=sys.stdout.write)
    assert runner.summarize(verbose=False).failed == 0
    names: dict = {}
    for part in snippets:
        if ">>> " not in part:
            exec(compile(part, str(path), "exec"), names)
    assert os.getcwd() == str(tmp_path)


def test_readme(tmp_path, monkeypatch, capsys):
    """The README's example, with little effort."""
    monkeypatch.chdir(tmp_path)

    def quickly(*arguments, **options):
        return search(*arguments, **{**options, "effort": 0.1, "starts": ("fringe",)})

    monkeypatch.setattr("tetrakis.learners._estimators.search", quickly)
    (snippet,) = FENCE.findall(README.read_text(encoding="utf-8"))
    exec(compile(snippet, str(README), "exec"), {})
    gates, score, epsilon = map(float, capsys.readouterr().out.splitlines()[0].split())
    assert gates <= 200 and score > 0.9 and epsilon >= 0
