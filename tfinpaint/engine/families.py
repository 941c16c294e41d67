"""The families of what hides a face."""

FAMILIES = ("nothing", "worn_mask", "word_or_box", "thing", "strokes")
