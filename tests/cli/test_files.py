"""Whole folders or nothing."""

import pytest

from tetrakis._files import MARKER, atomic_file, atomic_folder, check_folder
from tetrakis.errors import ArtifactError


def names(folder):
    return sorted(item.name for item in folder.iterdir())


def fill(target, *files, **options):
    with atomic_folder(target, **options) as folder:
        for name in files:
            (folder / name).write_text(name)


def test_new_folder(tmp_path):
    fill(tmp_path / "a" / "b", "x", "y")
    assert names(tmp_path / "a") == ["b"]
    assert names(tmp_path / "a" / "b") == [MARKER, "x", "y"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_interrupted_leaves_the_old_folder(tmp_path, error):
    target = tmp_path / "out"
    fill(target, "old")
    with pytest.raises(error), atomic_folder(target) as folder:
        (folder / "half").write_text("")
        raise error
    assert names(tmp_path) == ["out"]
    assert names(target) == [MARKER, "old"]


def test_own_files_are_replaced_and_others_kept(tmp_path):
    target = tmp_path / "out"
    fill(target, "x", "stale")
    (target / "mine.txt").write_text("mine")
    fill(target, "x", "new")
    assert names(target) == [MARKER, "mine.txt", "new", "x"]
    assert names(tmp_path) == ["out"]


def test_foreign_folder_needs_force(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    fill(target, "x")  # empty: fine
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    with pytest.raises(ArtifactError, match="--force"):
        fill(other, "x")
    assert names(other) == ["mine.txt"]
    fill(other, "x", force=True)
    assert names(other) == [MARKER, "mine.txt", "x"]
    with pytest.raises(ArtifactError, match="is a file"):
        check_folder(other / "mine.txt", force=True)


def test_atomic_file(tmp_path):
    target = tmp_path / "a.csv"
    target.write_text("old")
    with pytest.raises(ValueError, match="stop"), atomic_file(target) as file:
        file.write_text("half")
        raise ValueError("stop")
    assert target.read_text() == "old"
    with atomic_file(target) as file:
        assert file.suffix == ".csv"
        file.write_text("new")
    assert target.read_text() == "new"
    assert names(tmp_path) == ["a.csv"]
    with pytest.raises(ArtifactError, match="no such folder"), atomic_file(tmp_path / "b" / "c"):
        pass
