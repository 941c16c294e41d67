"""The library's own exceptions. Each message is one sentence: argument, rule, received value, next step."""


class TfinpaintError(Exception):
    """Base of all errors that the library raises on purpose."""


class InputError(TfinpaintError, ValueError):
    """An argument is not what it must be."""


class ImageFileError(TfinpaintError, OSError):
    """A picture cannot be read or written."""


class NoFaceError(TfinpaintError):
    """No face was found in a photo."""


class WeightsError(TfinpaintError):
    """A file of weights is missing, damaged or of another model."""


class RecipeError(TfinpaintError, ValueError):
    """A training recipe or one of its stages cannot be run."""


class CheckpointError(TfinpaintError):
    """A checkpoint cannot be written or does not fit the model."""


class DamagedCheckpointError(CheckpointError):
    """A checkpoint cannot be read to its end."""


class TrainingError(TfinpaintError):
    """A training run has gone wrong: a loss is not finite, or a network has collapsed."""


class ExportError(TfinpaintError):
    """A model cannot be written into a file of some kind, or that file would paint worse than it may."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is too little memory: Python's own, OpenCV's (code -4) or TensorFlow's."""
    name = type(error).__name__
    opencv = name == "error" and getattr(error, "code", None) == -4
    return isinstance(error, MemoryError) or opencv or name == "ResourceExhaustedError"
