"""The training of `WhatHides`, as data."""

from tfinpaint.training.recipe import Recipe, Stage, Update

SMALL = Recipe(
    optimizer={"name": "adam", "beta_1": 0.9, "beta_2": 0.99},
    stages=(
        Stage(
            "families",
            {"steps": 10_000},
            32,
            (Update({"finder": 1e-3}, {"family_entropy": 1.0, "hidden_entropy": 0.02}),),
            schedule={"name": "cosine", "to": 0.02, "warmup": 100},
            measures=("mask_iou", "family_right"),
            monitor=("val_mask_iou", "max"),
        ),
    ),
)
