"""What a batch may hold beside the picture, by the names that stages of recipes read."""

from collections.abc import Collection, Iterable

from tfinpaint.errors import InputError

ALWAYS = ("image", "occluded", "mask", "valid", "landmarks")
# Key -> the option of `occlude` that adds it; some come together.
OPTIONS = {
    "uv": "uv",
    "uv_valid": "uv",
    "occluded2": "second_view",
    "mask2": "second_view",
    "distance": "distance",
    "kind": "with_kind",
    "family": "with_family",
}


def options_for(keys: Iterable[str], made: Collection[str] = tuple(OPTIONS)) -> set[str]:
    """The options that add these keys.

    Args:
        keys: names in a batch, such as `model.batch_keys()` gives.
        made: those that can be added, among `OPTIONS`.

    Raises:
        InputError: a key that is neither always there nor among them.
    """
    keys = [keys] if isinstance(keys, str) else list(keys)
    for key in keys:
        if key not in ALWAYS and key not in made:
            raise InputError(
                f"`keys` must be some of {', '.join(made)}; {', '.join(ALWAYS)} are always there. Received: {key!r}."
            )
    return {OPTIONS[key] for key in keys if key in OPTIONS}
