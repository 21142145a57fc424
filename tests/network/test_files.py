from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import all_codes, fixed_point_resnets, points, resnets
from tetrakis.errors import ArtifactError
from tetrakis.network import FixedPointFormat, FixedPointResNet, load_network, save_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("networks")


@given(st.one_of(resnets(), fixed_point_resnets()))
def test_saved_and_loaded_networks_are_the_same(folder, net):
    first, second = folder / "first.npz", folder / "second.npz"
    save_network(net, first)
    loaded = load_network(first)
    save_network(loaded, second)
    assert type(loaded) is type(net)
    assert first.read_bytes() == second.read_bytes()
    if isinstance(net, FixedPointResNet):
        codes = all_codes(net)
        assert (loaded.evaluate_codes(codes) == net.evaluate_codes(codes)).all()
        assert loaded.inputs == net.inputs
    else:
        X = points(net)
        assert (loaded.evaluate(X) == net.evaluate(X)).all()
        assert (loaded.box == net.box).all()


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "net.npz"
    net = FixedPointResNet((FixedPointFormat(3, 0),), [[1]], (), [[1]], [0], 0, 0)
    save_network(net, path)
    return path


def test_numpy_reads_the_file_without_pickle(saved):
    with np.load(saved, allow_pickle=False) as arrays:
        assert int(arrays["schema"]) == 1 and str(arrays["kind"]) == "fixed_point"


def test_every_truncation_is_found(saved):
    content = saved.read_bytes()
    for size in range(0, len(content), 7):
        saved.write_bytes(content[:size])
        with pytest.raises(ArtifactError, match=r"net\.npz.*missing or damaged.*again"):
            load_network(saved)


def test_a_changed_byte_is_found_or_means_nothing(saved):
    content = saved.read_bytes()
    net = load_network(saved)
    again = saved.with_name("again.npz")
    found = 0
    for place in range(0, len(content), 11):
        saved.write_bytes(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
        try:
            loaded = load_network(saved)
        except ArtifactError:
            found += 1
        else:
            save_network(loaded, again)
            assert again.read_bytes() == content
    assert found > len(content) / 22
    assert net.n_inputs == 1


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ArtifactError, match="missing"):
        load_network(tmp_path / "nothing.npz")
    np.savez(tmp_path / "other.npz", x=np.arange(3))
    with pytest.raises(ArtifactError, match="KeyError"):
        load_network(tmp_path / "other.npz")
    np.savez(tmp_path / "later.npz", schema=np.int64(2), kind=np.array("resnet"))
    with pytest.raises(ArtifactError, match="schema 2"):
        load_network(tmp_path / "later.npz")


def test_nothing_is_left_behind(saved):
    assert [p.name for p in saved.parent.iterdir()] == ["net.npz"]
