"""What can go wrong in training, as the user should read it.

TrainingError             one line: what it got and what to do; exit code 2
├── OptionError           an option, or two together, that make no sense
├── DataError             no readable picture where pictures were promised
├── WeightsError          feature networks: no file, a wrong one, or a layer that it lacks
├── CheckpointError       a checkpoint that cannot be read, or belongs to something else
├── NotFiniteError        a loss or a picture that stopped being a number
└── ProductError          the runtime or the exporter, called as a command, failed
"""


class TrainingError(Exception):
    """The base of all errors of training. Its text is one line for the user."""

    exit_code = 2


class OptionError(TrainingError):
    """An option is out of range, or two options contradict each other."""


class DataError(TrainingError):
    """There is no readable picture where pictures were promised."""


class WeightsError(TrainingError):
    """Weights of a feature network are missing, unreadable, or lack a layer."""


class CheckpointError(TrainingError):
    """A checkpoint cannot be read, or does not belong to what is asked for."""


class NotFiniteError(TrainingError):
    """A loss, or a picture on its way down one, stopped being a number."""


class ProductError(TrainingError):
    """The runtime or the exporter, called as a command of its own, failed; its own line says why."""
