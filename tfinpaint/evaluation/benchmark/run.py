"""Runs a frozen benchmark: checks the pictures, scores models and baselines, collects one record of everything."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tfinpaint.engine import Engine, contract_of
from tfinpaint.errors import InputError
from tfinpaint.evaluation.benchmark import groups
from tfinpaint.evaluation.benchmark.collect import collect, rounded
from tfinpaint.evaluation.benchmark.drawing import compare, look_of
from tfinpaint.evaluation.benchmark.drawn_set import score_set
from tfinpaint.evaluation.benchmark.files import check_file, check_pictures, data_folder
from tfinpaint.evaluation.benchmark.gallery import choose, write_gallery
from tfinpaint.evaluation.benchmark.measure import BASELINES, Judges, Method, model_methods
from tfinpaint.evaluation.benchmark.parts import Parts
from tfinpaint.evaluation.benchmark.people import SHOWN, People, load_people, score_people
from tfinpaint.evaluation.benchmark.protocol import Protocol
from tfinpaint.evaluation.protocols import refuse_own_teacher
from tfinpaint.evaluation.real_masks import find_faces, score_labelled, score_worn

FORMAT = 1  # of the record
CODE = 1  # rises when the same faces would get other scores, so that finished parts of older code are left alone
_GALLERY = ("occluded", "telea")


def run_benchmark(
    protocol: Protocol,
    models: Mapping[str, Engine],
    *,
    data: str | Path | None = None,
    keys: Mapping[str, str] | None = None,
    judges: Judges | None = None,
    teachers: Mapping[str, Collection[str]] | None = None,
    detector: Callable | None = None,
    kinds: Iterable[str] | None = None,
    sets: Iterable[str] | None = None,
    limit: int | None = None,
    folder: str | Path | None = None,
    unverified: bool = False,
    progress: Callable[..., Any] | None = None,
) -> dict[str, Any]:
    """Scores models beside what needs none, on exactly the faces that the protocol lists.

    Args:
        protocol: see `load_protocol` and `freeze`.
        models: name -> `tfinpaint.engine.Engine`, such as a model of the zoo. One whose contract needs a mask is given
            the true one, and is left out where photos have none.
        data: folder below which the protocol's paths lie; by default where the package has them (`public-1`).
        keys: name -> SHA-256 of the model's weights; finished parts are told apart by it.
        judges: what looks at the faces; without one, its columns are left out.
        teachers: name of a model -> SHA-256 of the networks that its losses looked through; none may judge it.
        detector: finds the faces of photos of worn masks; without one, these are left out.
        kinds: some of the protocol's; all by default.
        sets: some of the protocol's; all by default. Photos and verification sets are sets, too.
        limit: only the first so many faces of each set, for a quick look.
        folder: keeps finished parts (a run that was interrupted goes on) and the gallery; None keeps nothing.
        unverified: measure even where pictures are not the protocol's, and say so in the record.
        progress: makes a progress bar of `total` faces, such as `tqdm.tqdm`.

    Returns:
        The record, JSON-ready; docs/evaluation.md lists its keys. All of it but `seconds` is the same in every run on
        one machine.

    Raises:
        InputError: a file is missing or is not the protocol's; an unknown kind or set; fewer than two faces; a judge
            that taught a model; a model without a contract, or one that sees faces aligned otherwise.
    """
    data, judges = data_folder(protocol, data), judges or Judges()
    for hashes in (teachers or {}).values():
        for judge, digest in judges.keys:
            refuse_own_teacher(hashes, judge, digest)
    kinds, chosen = protocol.chosen(kinds, sets)
    if limit is not None and limit < 2:
        raise InputError(f"`limit` must be at least 2 faces. Received: {limit}.")
    folder = None if folder is None else Path(folder)
    parts = Parts(None if folder is None else folder / "parts", f"{protocol.sha256} {CODE} {limit}")
    methods = (*BASELINES, *model_methods(models, keys or {}, protocol.batch))
    run = _Run(protocol, models, methods, judges, data, parts, folder, limit, unverified, kinds)
    run.check(chosen)
    run.walk(chosen, detector, progress)
    return run.record


class _Run:
    """One run, as the record that grows."""

    def __init__(
        self,
        protocol: Protocol,
        models: Mapping[str, Engine],
        methods: tuple[Method, ...],
        judges: Judges,
        data: Path,
        parts: Parts,
        folder: Path | None,
        limit: int | None,
        unverified: bool,
        kinds: list[str],
    ) -> None:
        self.protocol, self.models, self.methods, self.judges = protocol, models, methods, judges
        self.data, self.parts, self.folder, self.limit = data, parts, folder, limit
        self.unverified, self.kinds = unverified, kinds
        about = {"name": protocol.name, "sha256": protocol.sha256, "side": protocol.side, "seed": protocol.seed}
        self.record: dict[str, Any] = {"format": FORMAT, "benchmark": about | ({"limit": limit} if limit else {})}
        self.record |= {key: {} for key in ("verified", "sets", "worn", "labelled", "verification", "identification")}
        self.record |= {"gallery": [], "seconds": {}}
        self.faces: dict[str, Any] = {}
        self.people: dict[str, People] = {}

    def check(self, chosen: list[str]) -> None:
        """Reads all faces and looks at files and first and last batches, before anything is measured."""
        from tfinpaint.data import load_faces, occlusions

        protocol = self.protocol
        for name in (n for n in chosen if n in protocol.sets):
            words = self._try(partial(check_pictures, protocol, self.data, name))
            listed = protocol.sets[name]
            faces = load_faces(self.data / listed.path, size=protocol.side, landmarks=self.data / listed.landmarks)
            fixed = {"seed": protocol.seed, "batch_size": protocol.batch}
            looks = {}
            for kind in (k for k in self.kinds if k in listed.drawn):
                found = look_of(faces, occlusions.get(kind), **fixed)
                where = f"{name} under {kind}"
                looks[kind] = self._try(partial(compare, found, listed.drawn[kind], where))
            self.record["verified"][name] = {"files": words, **looks}
            self.faces[name] = faces.take(slice(self.limit))
            if len(self.faces[name]) < 2:
                raise InputError(
                    f"`sets` must hold two faces or more each. Received: {len(self.faces[name])} in {name}."
                )
        files = {**protocol.worn, **protocol.labelled}
        for name in (n for n in chosen if n in files):
            self._try(partial(check_file, self.data, files[name]))
        for name in (n for n in chosen if n in protocol.people):
            if self.judges.likeness is not None:
                for file in protocol.people[name].values():
                    self._try(partial(check_file, self.data, file))
                self.people[name] = load_people(protocol, name, self.data, self.limit)

    def walk(self, chosen: list[str], detector: Callable | None, progress: Callable[..., Any] | None) -> None:
        """Scores everything, with one progress bar."""
        total = sum(len(faces) for faces in self.faces.values()) * len(self.kinds) * len(self.methods)
        shown = sum(m.judged or m.name in SHOWN for m in self.methods)
        total += sum(len(people.faces) for people in self.people.values()) * shown
        bar = progress(total=total, unit="face") if progress else None
        done = bar.update if bar is not None else lambda count: None
        for name, faces in self.faces.items():
            self._timed(name, partial(self._set, name, faces, done))
        for name, people in self.people.items():
            self._timed(name, partial(self._people, name, people, done))
        if detector is not None:
            for key, score in (("worn", score_worn), ("labelled", score_labelled)):
                for name, file in getattr(self.protocol, key).items():
                    if name in chosen:
                        self._timed(name, partial(self._photos, key, name, file, detector, score))
        if bar is not None:
            bar.close()

    def _set(self, name: str, faces: Any, done: Callable[[int], Any]) -> None:
        listed = self.protocol.sets[name]
        people = groups.people(self.data / listed.landmarks, faces.names)
        record: dict[str, Any] = {"faces": len(faces), "kinds": {}}
        for kind in self.kinds:
            arguments = (self.protocol, name, kind, faces)
            values, labels = score_set(*arguments, self.methods, self.judges, self.parts, done)
            record["kinds"][kind] = collect(values, labels | people, list(self.models))
            if self.folder is not None and name == next(iter(self.faces)):
                shown = [m for m in self.methods if m.name in _GALLERY or m.judged]
                chosen = choose(values, list(self.models))
                items = write_gallery(chosen, values, *arguments, shown, self.folder)
                self.record["gallery"] += rounded(items)
        self.record["sets"][name] = record

    def _people(self, name: str, people: People, done: Callable[[int], Any]) -> None:
        arguments = (self.protocol, name, people, self.methods, self.judges, self.parts)
        verification, of_both, identification = score_people(*arguments, done)
        self.record["verification"][name] = rounded(verification)
        self.record["verification"][f"{name}, both hidden"] = rounded(of_both)
        self.record["identification"][name] = rounded(identification)

    def _photos(self, key: str, name: str, file: tuple[str, str], detector: Callable, score: Callable) -> None:
        found = find_faces(self.data / file[0], self.protocol.side, detector, self.limit)
        blind = {n: m for n, m in self.models.items() if contract_of(m).finds_mask}
        scores = {n: score(model.restore(found.images).masks, found) for n, model in blind.items()}
        self.record[key][name] = rounded(scores)

    def _timed(self, name: str, work: Callable[[], None]) -> None:
        start = time.perf_counter()
        work()
        self.record["seconds"][name] = round(time.perf_counter() - start, 1)

    def _try(self, check: Callable[[], Any]) -> str:
        try:
            return str(check())
        except InputError as error:
            if not self.unverified:
                raise
            return f"not verified: {error}"
