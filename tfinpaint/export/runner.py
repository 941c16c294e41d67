"""Restores faces through a `.tflite` file: an engine that needs neither TensorFlow nor Keras."""

import os
import threading
from typing import Any

import numpy as np

from tfinpaint import zoo
from tfinpaint.engine import Restoration
from tfinpaint.engine.restore import restore_pictures
from tfinpaint.errors import InputError, WeightsError
from tfinpaint.export.about import contract_in, read_network

_MOST_THREADS = 4  # more make these small networks no faster


class Runner:
    """An engine on LiteRT, the interpreter of TFLite files (`pip install tfinpaint[lite]`).

    A file's functions take one uint8 picture of the network's side and give `image`, `mask` (1 = painted) and the
    contract's extras: `restore(image)`, `restore_with_mask(image, mask)`; `draw` and `draw_with_mask` also take noise.

    Several threads may share one; they take turns.

    Args:
        path: a file that `tfinpaint export` wrote.
        preset: the preset that it must hold; None for whatever it holds.
        threads: of the interpreter; by default one for each core, at most four.

    Attributes:
        about: what the file says of itself, see `read_about`.
        contract: what it asks and gives.
        image_size: side in pixels of the network's pictures.

    Raises:
        WeightsError: the file is missing, damaged, holds another preset, or LiteRT cannot run it.
        InputError: LiteRT is not installed.
    """

    def __init__(self, path: str | os.PathLike, *, preset: str | None = None, threads: int | None = None) -> None:
        content, self.about = read_network(path)
        if preset not in (None, self.about["name"]):
            raise WeightsError(f"{path} must hold {preset!r}. Received: a file of {self.about['name']!r}.")
        self.contract, self.image_size = contract_in(self.about), self.about["image_size"]
        threads = threads or min(os.cpu_count() or 1, _MOST_THREADS)
        interpreter, self._lock = _interpreter(), threading.Lock()
        try:
            network = interpreter(model_content=content, num_threads=threads)
            network.allocate_tensors()  # here, because it says on the standard error stream what it runs on
        except (ValueError, RuntimeError) as error:  # operators of a newer TensorFlow, for one
            said = str(error).strip().partition("\n")[0]
            raise WeightsError(
                f"{path} must hold a network that this LiteRT can run. Received: one of tfinpaint "
                f"{self.about['tfinpaint']} ({said}); a newer ai-edge-litert may run it."
            ) from None
        self._functions = {name: network.get_signature_runner(name) for name in network.get_signature_list()}

    @classmethod
    def published(cls, name: str, *, threads: int | None = None) -> "Runner":
        """The runner of a model or preset of the zoo, with the `.tflite` file that is published beside its weights.

        Raises:
            InputError: unknown name; LiteRT is not installed.
            WeightsError: there is no such file, it is damaged, or it was made of other weights.
        """
        record = zoo.preset(name)
        return cls(zoo.lite_path(record), preset=record.name, threads=threads)

    def restore(self, images: Any, masks: Any = None, *, seed: int | None = None, batch_size: int = 16) -> Restoration:
        """See `Engine.restore`; faces run one by one, whatever `batch_size` is."""
        with self._lock:
            return restore_pictures(self._run, self, images, masks, seed, batch_size=1)

    def _run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        name = "draw" if inputs.keys() & self.contract.noise.keys() else "restore"
        name += "_with_mask" if "mask" in inputs else ""
        return self._functions[name](**inputs)


def _interpreter() -> type:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise InputError("A .tflite file is run by LiteRT: pip install 'tfinpaint[lite]'.") from None
    return Interpreter
