"""The end of a stage that no longer gets better."""

import keras


class EarlyStopping(keras.callbacks.EarlyStopping):
    """Keras's, with each stage's own `Stage.monitor`; it ends the stage and begins to count anew in the next.

    Args:
        patience: epochs without a better value before the stage ends.
        min_delta: how much better a value must be to count.
    """

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        super().__init__(patience=patience, min_delta=min_delta)
        self._delta = min_delta

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Takes the monitor of the stage that begins."""
        self.monitor, self.mode = self.model.stage.monitor
        self.monitor_op, self.min_delta = None, abs(self._delta)
        super().on_train_begin(logs)
