"""Keras callbacks that watch a training run: `fit(callbacks=[...])` and `fit_recipe(callbacks=[...])` take them."""

from tfinpaint.callbacks.best_checkpoint import BestCheckpoint
from tfinpaint.callbacks.early_stopping import EarlyStopping
from tfinpaint.callbacks.health import Health
from tfinpaint.callbacks.loss_log import LossLog, write_table
from tfinpaint.callbacks.previews import Previews
from tfinpaint.callbacks.samples import Samples
from tfinpaint.callbacks.speed import Speed

__all__ = ["BestCheckpoint", "EarlyStopping", "Health", "LossLog", "Previews", "Samples", "Speed", "write_table"]
