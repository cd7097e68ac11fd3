from typing import Any

import pytest
import torch
from torch import nn

from training.networks.meta_net import META_PRESETS, MetaNet
from training.networks.transform_net import build_transform_net

CASES = [(preset, what) for preset in ("fast", "turbo") for what in ("paper", "more")]


def make(preset: str = "fast", numbers: int = 24, **options: Any) -> MetaNet:
    torch.manual_seed(0)
    return MetaNet(preset, numbers, **{"hidden": 8, **options})


def test_with_vggs_statistics_the_fast_network_has_the_papers_sizes() -> None:
    meta_net = MetaNet("fast", 1920, "paper", 128)
    assert tuple(meta_net.to_hidden.weight.shape) == (1792, 1920)
    assert len(meta_net.groups) == 14
    kernels = [(16, 8, 3, 3), (32, 16, 3, 3), *[(32, 32, 3, 3)] * 10, (16, 32, 3, 3), (8, 16, 3, 3)]
    assert [tuple(group.shapes[0]) for group in meta_net.groups] == kernels
    for group, writer in zip(meta_net.groups, meta_net.writers, strict=True):
        assert len(group.names) == 1
        assert tuple(writer.shape) == (group.shapes[0].numel(), 128)


def test_the_full_preset_is_written_too() -> None:
    meta_net = MetaNet("full", 24, "paper", 1)
    assert tuple(meta_net.groups[0].shapes[0]) == (64, 32, 3, 3)


@pytest.mark.parametrize(("preset", "what"), CASES)
def test_what_is_written_is_an_ordinary_network_that_paints_the_same(preset: str, what: Any) -> None:
    meta_net = make(preset, generate=what).eval()
    vector, picture = torch.randn(24), torch.rand(1, 3, 64, 72)
    network = build_transform_net(preset)
    with torch.no_grad():
        network.load_state_dict(meta_net.generate(vector))
        torch.testing.assert_close(network(picture), meta_net(vector[None], picture, [1]))


def test_a_fast_network_is_449_kilobytes_or_less() -> None:
    written = make().generate(torch.randn(24))
    assert sum(value.numel() * 4 for value in written.values()) <= 449_000


@pytest.mark.parametrize(("preset", "what"), CASES)
def test_written_kernels_begin_with_the_spread_of_ordinary_ones(preset: str, what: Any) -> None:
    meta_net = make(preset, generate=what, hidden=32)
    ordinary = dict(build_transform_net(preset).named_parameters())
    written = meta_net.generate(torch.randn(24))
    for name in (name for group in meta_net.groups for name in group.names):
        if written[name].ndim > 1:
            spread = written[name].std().item() / ordinary[name].std().item()
            assert spread == pytest.approx(1, abs=0.25), name


def test_styles_differ_from_the_start() -> None:
    meta_net = make(generate="more")
    picture = torch.rand(1, 3, 64, 64).expand(2, -1, -1, -1)
    with torch.no_grad():
        one, other = meta_net(torch.randn(2, 24), picture, [1, 1])
    assert (one - other).abs().mean() > 0.02


def test_a_cell_network_begins_without_a_pattern_of_dots() -> None:
    meta_net = make("turbo", generate="more")
    written = meta_net.generate(torch.randn(24))
    layers = dict(meta_net.network.named_modules())
    to_shuffle = [name for name, layer in layers.items() if isinstance(layer, nn.Conv2d) and "up." in name][
        -1
    ]
    for name in (to_shuffle, "to_cells"):  # four outputs are four pixels of one channel
        kernels = written[f"{name}.weight"].unflatten(0, (-1, 4))
        torch.testing.assert_close(kernels, kernels[:, :1].expand_as(kernels), msg=name)


def test_the_paper_shares_all_but_the_kernels_and_more_shares_less() -> None:
    def shared(what: Any) -> set[str]:
        meta_net = make(generate=what)
        one, other = meta_net.generate(torch.randn(24)), meta_net.generate(torch.randn(24))
        return {name for name in one if torch.equal(one[name], other[name])}

    paper, more = shared("paper"), shared("more")
    assert {"encoder.0.0.weight", "decoder.2.weight", "encoder.0.1.weight", "encoder.1.0.bias"} <= paper
    assert "encoder.0.0.weight" in more
    assert not more & {"decoder.2.weight", "decoder.2.bias", "encoder.0.1.weight", "blocks.4.body.2.bias"}


def test_several_styles_in_a_batch_are_as_each_alone() -> None:
    meta_net = make(generate="more").eval()
    vectors, pictures = torch.randn(3, 24), torch.rand(4, 3, 64, 64)
    with torch.no_grad():
        together = meta_net(vectors, pictures, [1, 0, 3])
        first, last = meta_net(vectors[:1], pictures[:1], [1]), meta_net(vectors[2:], pictures[1:], [3])
    torch.testing.assert_close(together, torch.cat([first, last]))


def test_every_parameter_but_idle_biases_is_trained() -> None:
    meta_net = make(generate="more")
    meta_net(torch.randn(1, 24), torch.rand(1, 3, 64, 64), [1]).square().mean().backward()
    for name, value in meta_net.named_parameters():
        idle = name.endswith(".0.bias") or name.endswith("body.1.bias")  # before an instance norm
        assert value.grad is not None and (idle or value.grad.abs().max() > 0), name


def test_between_two_hidden_vectors_lie_the_networks_between() -> None:
    meta_net = make(generate="more")
    one, other = meta_net.hidden(torch.randn(2, 24))
    assert one.min() >= 0
    middle = meta_net.generate_from_hidden(0.75 * one + 0.25 * other)
    ends = meta_net.generate_from_hidden(one), meta_net.generate_from_hidden(other)
    for name, value in middle.items():
        torch.testing.assert_close(value, 0.75 * ends[0][name] + 0.25 * ends[1][name], atol=1e-5, rtol=1e-4)


def test_in_half_precision_kernels_are_still_written_in_full() -> None:
    meta_net = make()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        written = meta_net.generate(torch.randn(24))
    assert {value.dtype for value in written.values()} == {torch.float32}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "paper"}, "writes the presets turbo, fast, .*instead got 'paper'"),
        ({"generate": "all"}, "generate must be paper or more, instead got 'all'"),
    ],
)
def test_what_cannot_be_written_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_a_network_with_batch_norm_is_among_the_refused_only() -> None:
    for preset in META_PRESETS:
        with torch.device("meta"):
            assert not any(isinstance(m, nn.BatchNorm2d) for m in build_transform_net(preset).modules())


def test_every_style_can_begin_as_a_trained_network_and_nearly_paints_like_it() -> None:
    trained = build_transform_net("turbo").eval()
    picture, vectors = torch.rand(1, 3, 64, 72), torch.randn(2, 24)
    meta_net = make("turbo", generate="more").eval()
    with torch.no_grad():
        wanted = trained(picture)
        meta_net.begin_as(trained, spread=0.0)
        torch.testing.assert_close(meta_net(vectors[:1], picture, [1]), wanted)
    meta_net = make("turbo", generate="more").eval()
    with torch.no_grad():
        strange = (meta_net(vectors[:1], picture, [1]) - wanted).abs().mean()
        meta_net.begin_as(trained)
        first, second = (meta_net(vector[None], picture, [1]) for vector in vectors)
    assert (first - wanted).abs().mean() < 0.8 * strange
    assert (first - second).abs().mean() > 1e-3  # yet styles differ from the start
