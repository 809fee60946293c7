"""The methods that `ranking_quality` compares, ours and others', each with the settings it may choose from."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from core.models.choose import EASE_LIMIT
from core.models.ease import fit_ease, fit_ease_full
from core.models.ials import fit_ials
from core.models.interactions import Interactions
from core.models.item_knn import fit_item_knn
from core.models.mixed import fit_mixed, fit_mixed_full
from core.models.neighbours import Neighbours
from tests.support.ranking_protocol import Rows, Score

Settings = Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A way to rank: its name, whether it is ours, how it is fitted, and its grid of settings. `dense` ones need a matrix of
    items by items."""

    name: str
    ours: bool
    fit: Callable[[Interactions, Settings], Score]
    grid: Sequence[Settings]
    dense: bool = False


def grid(**values: Sequence[float]) -> list[Settings]:
    """Every combination."""
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


def methods(items: int) -> Iterator[Method]:
    """All that a catalogue of this size has room for."""
    yield from (method for method in (*_ours(), *_others()) if not method.dense or items <= EASE_LIMIT)


def _ours() -> Iterator[Method]:
    ease = grid(l2=(15, 25, 40, 60), user_power=(-0.25, -0.5), item_power=(0, 0.2), constrained=(False, True))
    mixed = grid(l2=(25, 40), regularization=(15, 20), share=(0.2, 0.3, 0.4))
    yield Method("Feedroom EASE and ALS", True, lambda x, s: _all(x, fit_mixed_full(x, **s)), mixed, dense=True)
    yield Method("Feedroom EASE", True, lambda x, s: _all(x, fit_ease_full(x, **s)), ease, dense=True)
    yield Method(
        "Feedroom EASE and ALS, 100 neighbours", True, lambda x, s: _served(x, fit_mixed(x, **s)), mixed, dense=True
    )
    yield Method("Feedroom EASE, 100 neighbours", True, lambda x, s: _served(x, fit_ease(x, **s)), ease, dense=True)
    yield Method(
        "Feedroom ALS, 100 neighbours",
        True,
        lambda x, s: _served(x, fit_ials(x, **s)),
        grid(regularization=(5, 10, 15, 20, 30), alpha=(1, 2, 3)),
    )
    yield Method(
        "Feedroom item neighbours, 100",
        True,
        lambda x, s: _served(x, fit_item_knn(x, **s)),
        grid(user_power=(-0.5, -1), source_power=(0.5, 0.7, 0.9), target_power=(0.5, 0.7), shrink=(0, 10)),
    )


def _others() -> Iterator[Method]:
    yield Method("popularity", False, _popularity, [{}])
    yield Method(
        "implicit ALS",
        False,
        _implicit_als,
        grid(factors=(32, 64, 128, 256), regularization=(10, 20, 30, 45, 60), alpha=(1, 2, 3, 5)),
    )
    yield Method(
        "implicit BM25", False, _implicit_bm25, grid(K=(100, 200, 400), K1=(1.2, 5, 20, 100), B=(0, 0.2, 0.5, 0.75))
    )
    yield Method("implicit cosine", False, _implicit_cosine, grid(K=(5, 10, 20, 50, 100, 200)))
    yield Method(
        "irspack EASE",
        False,
        _irspack("DenseSLIMRecommender"),
        grid(reg=(100, 200, 300, 400, 500, 700, 1_000)),
        dense=True,
    )
    yield Method(
        "irspack EDLAE",
        False,
        _irspack("EDLAERecommender"),
        grid(reg=(100, 200, 300, 500, 700), dropout_p=(0.3, 0.5, 0.7, 0.9)),
        dense=True,
    )
    yield Method(
        "irspack iALS",
        False,
        _irspack("IALSRecommender", n_threads=2),
        grid(n_components=(32, 64, 128), alpha0=(0.03, 0.1, 0.3, 1), reg=(0.003, 0.01, 0.03, 0.1)),
    )
    yield Method(
        "irspack RP3beta",
        False,
        _irspack("RP3betaRecommender", n_threads=2),
        grid(alpha=(0.1, 0.2, 0.3, 0.5, 1), beta=(0.3, 0.4, 0.5, 0.6, 0.8)),
    )


def _all(train: Interactions, weights: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Score:
    return lambda people: np.asarray(train.matrix[people] @ weights)


def _served(train: Interactions, neighbours: Neighbours) -> Score:
    """As a page does it: the weights of the neighbours of what a viewer has had, added up."""
    histories = [row.indices for row in train.matrix]

    def score(people: Rows) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return np.stack([neighbours.scores(histories[one], np.ones(len(histories[one]))) for one in people])

    return score


def _popularity(train: Interactions, _: Settings) -> Score:
    counts = train.viewers_per_item().astype(np.float64)
    return lambda people: np.tile(counts, (len(people), 1))


def _implicit_als(train: Interactions, settings: Settings) -> Score:
    from implicit.als import AlternatingLeastSquares

    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(**_whole(settings), random_state=0)
        model.fit(sparse.csr_matrix(train.matrix), show_progress=False)
    viewers, items = np.asarray(model.user_factors), np.asarray(model.item_factors)
    return lambda people: viewers[people] @ items.T


def _implicit_bm25(train: Interactions, settings: Settings) -> Score:
    from implicit.nearest_neighbours import BM25Recommender

    return _implicit_neighbours(train, BM25Recommender(**_whole(settings)))


def _implicit_cosine(train: Interactions, settings: Settings) -> Score:
    from implicit.nearest_neighbours import CosineRecommender

    return _implicit_neighbours(train, CosineRecommender(**_whole(settings)))


def _implicit_neighbours(train: Interactions, model: object) -> Score:
    """The similarity that the package has made, applied as its `recommend` does: a viewer's row times it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it converts its own matrix, and says so
        model.fit(sparse.csr_matrix(train.matrix), show_progress=False)  # type: ignore[attr-defined]
    similarity = sparse.csr_matrix(model.similarity)  # type: ignore[attr-defined]
    return lambda people: (train.matrix[people] @ similarity).toarray()


def _irspack(name: str, **fixed: float) -> Callable[[Interactions, Settings], Score]:
    def fit(train: Interactions, settings: Settings) -> Score:
        import irspack

        logging.getLogger("irspack").setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = getattr(irspack, name)(
                sparse.csr_matrix(train.matrix, dtype=np.float64), **_whole(settings), **fixed
            )
            with contextlib.redirect_stdout(io.StringIO()):  # it draws a bar for every fit
                model.learn()
        return lambda people: np.asarray(model.get_score(people))

    return fit


def _whole(settings: Settings) -> dict[str, float]:
    """Counts as integers, as constructors want them."""
    counts = {"factors", "K", "n_components"}
    return {name: int(value) if name in counts else value for name, value in settings.items()}
