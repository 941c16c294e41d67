"""A run of a toy's recipe that is killed without warning after some steps, in the midst of writing a checkpoint.

As a program: `python -m tests.training.killed_run FOLDER`.
"""

import os
import signal
import sys

import keras
import numpy as np

from tests.training.toys import batch, toy

RUN = {"scale": 0.25, "steps_per_epoch": 2, "verbose": 0}


def resumable_data(size: int, start: int):
    """Endless batches; batch k is a function of k."""
    import tensorflow as tf

    spec = {k: tf.TensorSpec(v.shape, v.dtype) for k, v in batch().items()}

    def generate():
        for i in range(start, 10_000):
            yield batch(i)

    return tf.data.Dataset.from_generator(generate, output_signature=spec)


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
    toy("fmodr").fit_recipe(resumable_data, checkpoint=folder, data_id="a", **RUN)


if __name__ == "__main__":
    main(sys.argv[1])
