"""Face recognisers on Labeled Faces in the Wild: verification on all pairs, identification among all people.

    python -m benchmarks.lfw --faces lfw.zip --embedder dlib=FILE.npz mobile_face_net=FILE.npz

writes `benchmarks/results/lfw.json`. `pairs.txt` and the landmarks lie beside the zip or folder. Only clean pictures:
what a judge can see at best.
"""

import argparse
import time

from benchmarks.machine import describe, write
from tfinpaint.evaluation.protocols import draw_trials, identify, load_embedder, load_pair_pictures, similarity, verify
from tfinpaint.evaluation.protocols.verification import fold_accuracies
from tfinpaint.records import hashes


def measure(faces, trials, name: str, weights: str, seed: int) -> dict:
    """Numbers of one recogniser, with 95 % intervals."""
    embedder = load_embedder(name, weights)
    start = time.perf_counter()
    found = faces.embed(embedder, progress=True)
    seconds = time.perf_counter() - start
    first, second = found[faces.pairs.first], found[faces.pairs.second]
    start = time.perf_counter()
    verification = verify(first, second, faces.pairs, metric=embedder.metric, seed=seed).summary()
    verify_seconds = time.perf_counter() - start
    by_fold = fold_accuracies(similarity(first, second, embedder.metric), faces.pairs)
    return {
        "sha256": embedder.sha256,
        "metric": embedder.metric,
        "verification": verification,
        "accuracy by fold": [round(value, 6) for value in by_fold.tolist()],
        "accuracy, deviation over the folds": float(by_fold.std()),
        "identification": identify(found, found, trials, metric=embedder.metric).summary(),
        "seconds": {"embed": round(seconds, 1), "verify, 1000 resamples": round(verify_seconds, 2)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", required=True, metavar="PATH", help="zip or folder of pictures")
    parser.add_argument("--embedder", required=True, nargs="+", metavar="NAME=FILE", help="weights of a recogniser")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    faces = load_pair_pictures(options.faces)
    trials = draw_trials(faces.people, seed=options.seed)
    machine, embedders = describe(), {}
    for name, weights in (pair.split("=", 1) for pair in options.embedder):
        embedders[name] = measure(faces, trials, name, weights, options.seed)
        accuracy = embedders[name]["verification"]["accuracy"]
        deviation = embedders[name]["accuracy, deviation over the folds"]
        print(f"{name:18} {100 * accuracy['mean']:.2f} +- {100 * deviation:.2f} % over {accuracy['n']} folds")
    data = {"files": hashes([options.faces]), "pictures": len(faces), "pairs": len(faces.pairs)}
    data |= {"folds": faces.pairs.folds, "identification": trials.describe()}
    print(write("lfw", {"machine": machine, "seed": options.seed, "data": data, "embedders": embedders}))


if __name__ == "__main__":
    main()
