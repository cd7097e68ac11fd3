import pytest
import torch
from torch import nn

from training.networks.recurrent_net import RecurrentNet
from training.networks.turbo_net import TurboNet


@pytest.fixture
def network() -> RecurrentNet:
    """One that has learnt to look back: its guide and gate are no longer zero."""
    torch.manual_seed(0)
    made = RecurrentNet().eval()
    for conv in (made.guide, made.gate):
        nn.init.normal_(conv.weight, std=0.3)
    return made


def test_a_frame_that_stands_alone_is_the_turbo_networks(network: RecurrentNet) -> None:
    plain, image = network.plain(), torch.rand(2, 3, 66, 75)
    assert type(plain) is TurboNet and not plain.training
    with torch.no_grad():
        torch.testing.assert_close(network(image), plain(image))


def test_without_trust_the_painting_before_has_no_say(network: RecurrentNet) -> None:
    image, before = torch.rand(2, 1, 3, 66, 75).unbind()
    with torch.no_grad():
        guided = network(image, before, torch.zeros(1, 1, 66, 75))
        torch.testing.assert_close(guided, network(image), atol=1e-5, rtol=0)


def test_a_trusted_painting_changes_what_is_painted_and_by_all_its_channels(network: RecurrentNet) -> None:
    image, before = torch.rand(2, 1, 3, 64, 64).unbind()
    with torch.no_grad():
        guided = network(image, before)
        assert (guided - network(image)).abs().mean() > 0.01
        for channel in range(3):
            other = before.clone()
            other[:, channel] = 1 - other[:, channel]
            assert not torch.allclose(network(image, other), guided, atol=1e-3)
    assert float(guided.min()) >= 0 and float(guided.max()) <= 1


def test_an_open_gate_keeps_the_painting_before_and_only_where_it_is_trusted(network: RecurrentNet) -> None:
    assert network.gate.bias is not None
    nn.init.constant_(network.gate.bias, 1e4)
    image, before = torch.rand(2, 1, 3, 64, 64).unbind()
    trust = torch.zeros(1, 1, 64, 64)
    trust[..., :32] = 1
    with torch.no_grad():
        guided = network(image, before, trust)
    torch.testing.assert_close(guided[..., :32], before[..., :32])
    assert not torch.allclose(guided[..., 32:], before[..., 32:], atol=0.05)


@pytest.mark.parametrize(("trust", "painted_share"), [(1.0, 0.6 * 0.881), (0.5, 0.8 * 0.940), (0.0, 1.0)])
def test_a_fresh_one_keeps_a_share_by_trust(trust: float, painted_share: float) -> None:
    network, image = RecurrentNet().eval(), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        painted = network(image)
        guided = network(image, torch.zeros_like(image), torch.full((1, 1, 64, 64), trust))
    assert float((guided / painted).mean()) == pytest.approx(painted_share, abs=0.002)
