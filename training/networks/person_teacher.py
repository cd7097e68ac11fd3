"""A larger network that finds people, for the small one to learn from: it never ships."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.person_net import (
    MEAN,
    Fire,
    Lateral,
    LikeSqueezeNet,
    Separable,
    check_sides,
    double,
    halve,
)
from training.networks.small_vgg import SmallVgg

_SEEN = ("relu3_1", "relu4_1", "relu5_1")
# Pictures with masks are few: what a lateral says of one is not to be learnt by heart.
_DROPPED = 0.15


class PersonTeacherNet(LikeSqueezeNet):
    """RGB in [0, 1], (N, 3, H, W) -> logits of "a person is here", (N, 1, H, W). H, W: multiples of 16.

    All of SqueezeNet's modules, at its own strides, and beside them what a small copy of VGG sees, which is
    not trained further. Both were taught by a million photographs, the decoder by what there is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 7, stride=2, padding=3)
        self.fire2, self.fire3, self.fire4 = Fire(96, 16, 64), Fire(128, 16, 64), Fire(128, 32, 128)
        self.fire5, self.fire6 = Fire(256, 32, 128), Fire(256, 48, 192)
        self.fire7, self.fire8 = Fire(384, 48, 192), Fire(384, 64, 256)
        self.fire9 = Fire(512, 64, 256)
        self.vgg = SmallVgg().requires_grad_(False)
        self.from16, self.everything = Lateral(512 + 512, 160), nn.Conv2d(160, 160, 1)
        self.context = nn.Sequential(*(Separable(160, dilation) for dilation in (1, 2, 4, 6, 1)))
        self.narrow16 = Lateral(160, 96)
        self.from8, self.join8 = Lateral(512 + 512, 96), nn.Sequential(*(Separable(96) for _ in range(3)))
        self.narrow8 = Lateral(96, 64)
        self.from4, self.join4 = Lateral(256 + 256, 64), nn.Sequential(*(Separable(64) for _ in range(3)))
        self.narrow4 = Lateral(64, 32)
        self.from2, self.join2 = Lateral(96, 32), nn.Sequential(Separable(32), Separable(32))
        self.to_logits = nn.Conv2d(32, 1, 3, padding=1)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.mean: Tensor

    def forward(self, image: Tensor) -> Tensor:
        """Find people.

        Raises:
            ValueError: if height or width is no multiple of 16.
        """
        check_sides(image)
        with torch.no_grad():
            seen = self.vgg(image, _SEEN)
        at2 = functional.relu(self.conv1(image * 255 - self.mean))  # (N, 96, H/2, W/2)
        at4 = self.fire4(self.fire3(self.fire2(halve(at2))))  # (N, 256, H/4, W/4)
        at8 = self.fire8(self.fire7(self.fire6(self.fire5(halve(at4)))))  # (N, 512, H/8, W/8)
        at16 = self.fire9(halve(at8))  # (N, 512, H/16, W/16)
        joined = self.from16(self._beside(at16, seen["relu5_1"]))
        joined = self.context(joined + self.everything(joined.mean(dim=(2, 3), keepdim=True)))
        joined = double(self.narrow16(joined)) + self.from8(self._beside(at8, seen["relu4_1"]))
        joined = double(self.narrow8(self.join8(joined))) + self.from4(self._beside(at4, seen["relu3_1"]))
        joined = double(self.narrow4(self.join4(joined))) + self.from2(at2)
        return double(self.to_logits(self.join2(joined)))

    def _beside(self, squeezenet: Tensor, vgg: Tensor) -> Tensor:
        # VGG's are about 1, SqueezeNet's of the order of ten and more.
        both = torch.cat((squeezenet, vgg.to(squeezenet.dtype) * 10), dim=1)
        return functional.dropout2d(both, _DROPPED, self.training)
