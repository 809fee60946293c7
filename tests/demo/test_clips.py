"""Clips can be composed, look different from each other, and come out as files that the guard lets in."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import numpy as np
import pytest

from core.demo import posts
from core.demo.art.pen import smooth_path
from core.demo.art.text import block, fitted, runs, width
from core.demo.clips import film, sound
from core.demo.clips.motion import FPS, HEIGHT, WIDTH
from core.demo.clips.pieces import rupees
from core.domain.post import PostKind

PLANS = list(posts.plans().values())
ONE_PER_LAYOUT = {plan.layout: plan for plan in reversed(PLANS)}


@pytest.mark.parametrize("layout", sorted(film.LAYOUTS))
def test_every_layout_is_used_and_its_frames_move(layout: str) -> None:
    scene = film.compose(ONE_PER_LAYOUT[layout].brief())
    assert 4 <= scene.duration <= 8
    early, late = (np.asarray(scene.frame(second), dtype=int) for second in (0.3, scene.cover))
    assert early.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(early - late).mean() > 4


def test_covers_can_be_told_apart_at_a_glance() -> None:
    """At the size of a thumb nail no two covers of different layouts or products are nearly the same."""
    small = {}
    for plan in PLANS[::3]:
        scene = film.compose(plan.brief())
        small[plan.id] = np.asarray(scene.frame(scene.cover).resize((18, 32)), dtype=float)
    distances = {pair: np.abs(small[pair[0]] - small[pair[1]]).mean() for pair in itertools.combinations(small, 2)}
    nearest = min(distances, key=lambda pair: distances[pair])
    assert distances[nearest] > 8, nearest


def test_the_same_plan_draws_the_same_frame() -> None:
    one, two = (film.compose(PLANS[0].brief()).frame(1.5).tobytes() for _ in range(2))
    assert one == two


def test_a_clip_is_a_short_vertical_h264_file_with_sound(tmp_path: Path) -> None:
    plan = min(PLANS, key=lambda plan: film.compose(plan.brief()).duration)
    told: list[float] = []
    film.write(plan.brief(), plan.kind, tmp_path / "clip.mp4", told.append)
    with av.open(str(tmp_path / "clip.mp4")) as opened:
        video, audio = opened.streams.video[0], opened.streams.audio[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", WIDTH, HEIGHT)
        assert audio.codec_context.name == "aac"
        assert opened.duration is not None
        assert abs(opened.duration / 1e6 - film.compose(plan.brief()).frames / FPS) < 0.3
    assert told == sorted(told)
    assert (tmp_path / "clip.mp4").stat().st_size < 4_000_000
    assert list(tmp_path.iterdir()) == [tmp_path / "clip.mp4"]


def test_a_stopped_drawing_leaves_no_encoder_and_no_sound_file(tmp_path: Path) -> None:
    def stop(done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        film.write(PLANS[0].brief(), PLANS[0].kind, tmp_path / "clip.mp4", stop)
    assert not list(tmp_path.glob("*.wav"))


@pytest.mark.parametrize("kind", PostKind)
def test_sound_is_heard_and_never_clips(kind: PostKind) -> None:
    made = sound.make(kind, 5.0, np.random.default_rng(1))
    assert made.size == 5 * sound.RATE
    assert 0.3 < np.abs(made).max() <= 0.5
    assert np.sqrt((made**2).mean()) > 0.01


def test_a_line_is_cut_where_the_script_changes() -> None:
    assert runs("सिर्फ ₹299 में") == [("devanagari", "सिर्फ "), ("latin", "₹299 "), ("devanagari", "में")]


@pytest.mark.parametrize("text", ["Keep whites white", "मसालादानी का नक्शा", "Бохо за один день"])
def test_words_are_made_smaller_until_they_fit(text: str) -> None:
    size, lines = fitted(text, 90, 800, 200, 2)
    assert len(lines) <= 2
    assert max(width(line, size, 800) for line in lines) <= 200
    assert block(text, 90, (0, 0, 0), room=200).width <= 230


@pytest.mark.parametrize(
    ("minor", "shown"), [(39_900, "₹399"), (129_900, "₹1,299"), (1_099_900, "₹10,999"), (12_345_600, "₹1,23,456")]
)
def test_rupees_are_grouped_as_in_india(minor: int, shown: str) -> None:
    assert rupees(minor) == shown


def test_a_closed_curve_goes_through_its_points() -> None:
    corners = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
    assert set(corners) <= set(smooth_path(corners, closed=True))
