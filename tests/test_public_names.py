"""The public names: loaded when first used, the same at every use."""

import subprocess
import sys

import pytest

import argyle_nb


@pytest.mark.parametrize("name", argyle_nb.__all__)
def test_a_name_is_the_same_thing_at_every_use(name):
    code = f"import argyle_nb as anb; print(anb.{name} is anb.{name})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "True\n"


def test_no_public_name_is_hidden_by_a_module_of_the_same_name():
    code = (
        "import pkgutil, argyle_nb as anb;"
        "modules = {m.name for m in pkgutil.iter_modules(anb.__path__)};"
        "print(sorted(modules & set(anb.__all__) - {'charts', 'review'}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'upload_everything'"):
        argyle_nb.upload_everything  # noqa: B018


def test_tab_completion_lists_the_public_names():
    assert dir(argyle_nb) == sorted(argyle_nb.__all__)
