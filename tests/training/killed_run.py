"""A run of FSG-GAN's recipe that is killed without warning after some steps, in the midst of writing a checkpoint.

As a program: `python -m tests.training.killed_run FOLDER`.
"""

import os
import signal
import sys
from collections.abc import Iterator

import keras
import numpy as np

from tests.models.run_stages import at_stage
from tests.models.tiny import batch_of

RUN = {"scale": 2 / 3, "interval": 2, "verbose": 0}
NAME = "toy_fsg_gan"  # draws at random, gathers batch statistics; its second stage looks through the first's network


def resumable_data(size: int, start: int) -> Iterator[tuple]:
    """Endless batches; batch k is a function of k. Without what a step draws itself."""
    return ((batch_of(NAME, i, size, draws=False),) for i in range(start, 10_000))


class StopAt(keras.callbacks.Callback):
    """Interrupts a run at a step of a stage, before that step's checkpoint is written."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step

    def on_epoch_end(self, epoch, logs=None):
        if int(self.model.stage_step.numpy()) == self.step:
            raise KeyboardInterrupt


def main(folder: str) -> None:
    """Runs until the third checkpoint is half written."""
    write, written = np.savez, []

    def write_and_die(file, **arrays):
        written.append(file)
        write(file, **arrays)
        if len(written) == 3:
            file.flush()
            os.truncate(file.name, 1000)
            os.kill(os.getpid(), signal.SIGKILL)

    np.savez = write_and_die
    at_stage(NAME).fit_recipe(resumable_data, checkpoint=folder, data_id="a", **RUN)


if __name__ == "__main__":
    main(sys.argv[1])
