"""How fast a run is."""

import time

import keras


class Speed(keras.callbacks.Callback):
    """Adds `images_per_second` of the training, without the validation, to an epoch's logs: put it before `LossLog`."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._began, self._steps, self._seconds = time.monotonic(), 0, None

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._steps += 1

    def on_test_begin(self, logs: dict | None = None) -> None:
        self._seconds = time.monotonic() - self._began

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        images = self._steps * self.model.stage.batches_per_step * self.model.stage.batch
        if logs is not None:
            logs["images_per_second"] = images / (self._seconds or time.monotonic() - self._began)
