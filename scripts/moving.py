"""Film the first page's slider in Chromium, as README shows it: site/moving.gif.

`make moving` builds the pages first. Every frame is a screenshot of the page; the slider is moved by key and mouse.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from benchmarks.jupyterlab import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Page

TARGET = Path("site") / "moving.gif"
WIDTH = 760  # pixels of the page's column
STEP, REST = 450, 1800  # milliseconds: at a position on the way, and at one to look at
COLOURS = 64
READY = (
    "() => { const b = document.querySelector('.moving'); return !b.matches('.busy') && b.querySelector('img').complete; }"
)


def film(page: Page) -> tuple[list[bytes], list[int]]:
    """Move the slider of the page and return the screenshots, as PNG, and how long each is shown, in milliseconds."""
    box, slider = page.locator(".moving").first, page.get_by_role("slider", name="weights gone")
    shots: list[bytes] = []
    times: list[int] = []

    def shoot(milliseconds: int) -> None:
        page.wait_for_function(READY)
        page.wait_for_timeout(100)
        shots.append(box.screenshot())
        times.append(milliseconds)

    def to_the_end() -> None:
        slider.press("Home")
        shoot(STEP)
        for _ in range(int(slider.get_attribute("max") or 0)):
            slider.press("ArrowRight")
            shoot(STEP)
        times[-1] = REST

    to_the_end()
    page.get_by_role("radio", name="same share per layer").check()
    to_the_end()
    return shots, times


def save(shots: list[bytes], times: list[int], target: Path) -> None:
    """Write the frames as one GIF that repeats, all in the same colours: those of every fifth frame together."""
    frames = [Image.open(io.BytesIO(shot)).convert("RGB") for shot in shots]
    width, height = frames[0].size
    sheet = Image.new("RGB", (width, height * len(frames[::5])))
    for place, frame in enumerate(frames[::5]):
        sheet.paste(frame, (0, place * height))
    palette = sheet.quantize(COLOURS, dither=Image.Dither.NONE)
    few = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    few[0].save(target, save_all=True, append_images=few[1:], duration=times, loop=0, optimize=True, disposal=1)


def main() -> None:
    """Film the built pages."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, default=Path("build/site"))
    first = (parser.parse_args().pages / "index.html").resolve()
    if not first.exists():
        sys.exit(f"{first.name} is not there; `make site` builds the pages.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 1000}, color_scheme="light")
        page.goto(first.as_uri())
        save(*film(page), TARGET)
        browser.close()
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
