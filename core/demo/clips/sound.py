"""Sound for clips, made from sines and noise: a soft pad, a beat, a marimba, a room."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.domain.post import PostKind

RATE = 24_000
Sound = NDArray[np.float64]
SCALES = ((0, 2, 4, 7, 9), (0, 2, 3, 7, 8), (0, 1, 4, 5, 8), (0, 3, 5, 7, 10))
"""Semitones above the root; the third and second have the colour of Bhairav and of a minor raga."""


def make(kind: PostKind, duration: float, rng: np.random.Generator) -> Sound:
    """Samples in -1..1 for a clip of that kind."""
    root = 220 * 2 ** (int(rng.integers(-5, 6)) / 12)
    scale = SCALES[int(rng.integers(len(SCALES)))]
    player = {
        PostKind.PRODUCT: _pad,
        PostKind.PROMOTIONAL: _beat,
        PostKind.EDUCATIONAL: _marimba,
        PostKind.UGC: _street,
    }[kind]
    sound = player(duration, root, scale, rng)
    fade = np.minimum(1, np.minimum(np.arange(sound.size), np.arange(sound.size)[::-1]) / (0.12 * RATE))
    return np.asarray(0.5 * sound * fade / max(1e-9, np.abs(sound).max()))


def write(sound: Sound, path: Path) -> None:
    """16-bit mono WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32_767).astype("<i2").tobytes())


def _time(duration: float) -> Sound:
    return np.arange(int(duration * RATE)) / RATE


def _note(
    sheet: Sound,
    start: float,
    pitch: float,
    length: float,
    *,
    decay: float,
    overtones: tuple[float, ...],
    loud: float = 1.0,
) -> None:
    first = int(start * RATE)
    count = min(int(length * RATE), sheet.size - first)
    if count <= 0:
        return
    t = np.arange(count) / RATE
    tone = sum((share * np.sin(2 * np.pi * pitch * (n + 1) * t) for n, share in enumerate(overtones)), np.zeros(count))
    sheet[first : first + count] += loud * tone * np.exp(-decay * t) * np.minimum(1, t / 0.006)


def _pad(duration: float, root: float, scale: tuple[int, ...], rng: np.random.Generator) -> Sound:
    t = _time(duration)
    sound = np.zeros_like(t)
    for degree in (0, 2, 3):
        pitch = root * 2 ** (scale[degree] / 12)
        sound += np.sin(2 * np.pi * pitch * t) * (0.5 + 0.2 * np.sin(2 * np.pi * (0.2 + 0.1 * degree) * t)) * 0.4
    for step in range(int(duration * 2)):
        pitch = 2 * root * 2 ** (scale[int(rng.integers(5))] / 12)
        _note(sound, 0.5 * step, pitch, 1.4, decay=3.4, overtones=(1, 0.4, 0.18, 0.08), loud=0.7)
    return sound


def _beat(duration: float, root: float, scale: tuple[int, ...], rng: np.random.Generator) -> Sound:
    t = _time(duration)
    sound = np.zeros_like(t)
    pace = 60 / float(rng.uniform(112, 132))
    for beat in range(int(duration / pace) + 1):
        _drum(sound, beat * pace)
        _hiss(sound, (beat + 0.5) * pace, 0.06, 0.35, rng)
        for half in range(2):
            pitch = root * 2 ** (scale[int(rng.integers(5))] / 12) * (1 + half)
            _note(sound, (beat + half / 2) * pace, pitch, 0.3, decay=9, overtones=(1, 0.5, 0.33, 0.25), loud=0.5)
    return sound


def _marimba(duration: float, root: float, scale: tuple[int, ...], rng: np.random.Generator) -> Sound:
    sound = np.zeros_like(_time(duration))
    pattern = rng.integers(0, 5, 8)
    for step in range(int(duration / 0.3)):
        pitch = root * 2 ** (scale[int(pattern[step % 8])] / 12) * (2 if step % 4 == 3 else 1)
        _note(sound, 0.3 * step, pitch, 0.7, decay=6.5, overtones=(1, 0.05, 0.02, 0.3), loud=0.8 if step % 2 else 1.0)
    return sound


def _street(duration: float, root: float, scale: tuple[int, ...], rng: np.random.Generator) -> Sound:
    t = _time(duration)
    noise = np.cumsum(rng.normal(0, 1, t.size))
    noise -= np.convolve(noise, np.ones(2_001) / 2_001, mode="same")
    sound: Sound = 0.25 * noise / np.abs(noise).max()
    pace = 60 / float(rng.uniform(84, 104))
    for beat in range(int(duration / pace) + 1):
        _drum(sound, beat * pace, loud=0.5)
        _hiss(sound, (beat + 0.5) * pace, 0.1, 0.2, rng)
        if rng.random() < 0.8:
            _note(
                sound,
                beat * pace,
                root * 2 ** (scale[int(rng.integers(5))] / 12),
                0.9,
                decay=4,
                overtones=(1, 0.3, 0.1),
                loud=0.35,
            )
    return sound


def _drum(sound: Sound, start: float, *, loud: float = 0.9) -> None:
    first = int(start * RATE)
    count = min(int(0.22 * RATE), sound.size - first)
    if count > 0:
        t = np.arange(count) / RATE
        sound[first : first + count] += (
            loud * np.sin(2 * np.pi * (52 * t + 9 * (1 - np.exp(-18 * t)))) * np.exp(-13 * t)
        )


def _hiss(sound: Sound, start: float, length: float, loud: float, rng: np.random.Generator) -> None:
    first = int(start * RATE)
    count = min(int(length * RATE), sound.size - first)
    if count > 0:
        sound[first : first + count] += loud * rng.normal(0, 0.4, count) * np.exp(-np.arange(count) / (0.02 * RATE))
