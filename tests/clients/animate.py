"""Joins pictures into an animated PNG: `animate.py ANIMATION PICTURE…`."""

import sys

from PIL import Image

# Milliseconds for each picture, and for the last one.
EACH, LAST = 1800, 4000
# Few colors are enough for the page, and make the file small.
COLORS = 48


def main(animation, *pictures):
    frames = [Image.open(picture).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE) for picture in pictures]
    durations = [EACH] * (len(frames) - 1) + [LAST]
    first, *others = [frame.convert("RGB") for frame in frames]
    first.save(animation, save_all=True, append_images=others, duration=durations, loop=0, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
