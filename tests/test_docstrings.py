"""The examples in docstrings give their printed results."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import tpexplore

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = [module.name for module in pkgutil.walk_packages(tpexplore.__path__, "tpexplore.")]


class Results(doctest.DocTestRunner):
    """Ignores NameErrors: some examples use a model or clip that the reader has."""

    def report_unexpected_exception(self, out, test, example, exc_info):
        if not issubclass(exc_info[0], NameError):
            super().report_unexpected_exception(out, test, example, exc_info)
            self.wrong = True

    def report_failure(self, out, test, example, got):
        super().report_failure(out, test, example, got)
        self.wrong = True


def what_is_wrong(test: doctest.DocTest) -> str:
    runner, output = Results(optionflags=FLAGS), []
    runner.wrong = False
    runner.run(test, out=output.append)
    return "".join(output) if runner.wrong else ""


@pytest.fixture(scope="module")
def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder()
    tests = [test for name in MODULES for test in finder.find(importlib.import_module(name), name)]
    return [test for test in tests if test.examples]


def test_examples_give_their_printed_results(examples):
    assert len(examples) > 20
    assert not "\n".join(filter(None, map(what_is_wrong, examples)))


def test_a_wrong_example_is_noticed():
    for text, wrong in ((">>> 1 + 1\n3", True), (">>> int('x')", True), (">>> model(spec)", False)):
        test = doctest.DocTestParser().get_doctest(text, {}, "example", None, 0)
        assert bool(what_is_wrong(test)) is wrong
