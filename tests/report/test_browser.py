"""The page in a real browser: nothing complains, nothing overflows, everything can be read, in light and in dark."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from rotator.report.content import report
from rotator.report.page import html
from tests.report.snapshots import YEAR

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs the Debian packages chromium and chromium-driver"
)
WIDTHS = (360, 1280)
SCHEMES = ("light", "dark")
LEAST_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3, for text of ordinary size

OVERFLOW = "return document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
# (text, contrast) of every element that has text of its own; relative luminance as WCAG 2.2 defines it.
CONTRASTS = """
const light = (one) => { const c = one / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4 };
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
const behind = (one) => {
  for (; one; one = one.parentElement) {
    const seen = rgb(getComputedStyle(one).backgroundColor);
    if (seen.length < 4 || seen[3] > 0) return seen;
  }
  return [255, 255, 255];
};
return [...document.body.querySelectorAll("*")]
  .filter((one) => [...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
  .map((one) => {
    const [a, b] = [luminance(rgb(getComputedStyle(one).color)), luminance(behind(one))].sort((x, y) => y - x);
    return [one.textContent.trim().slice(0, 40), (a + 0.05) / (b + 0.05)];
  });
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    """Chromium without a window, as CI has it, with a profile of its own and the network switched off."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    with tempfile.TemporaryDirectory(prefix="rotator-browser-") as profile:
        for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.add_argument("--proxy-server=127.0.0.1:9")  # whatever it asked for would fail, and be in the log
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")  # Chromium's own sandbox refuses to run as root
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        yield driver
        driver.quit()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the fullest page there is."""
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html(report(YEAR)), "utf-8")
    return path.as_uri()


def show(browser: webdriver.Chrome, page: str, width: int, scheme: str) -> None:
    """Open the page on a screen of that width, for a reader who prefers that scheme."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.get(page)
    browser.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true })")


def evaluated(browser: webdriver.Chrome, script: str) -> Any:
    """What a script in the page answers."""
    return browser.execute_script(script)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_can_be_read(browser: webdriver.Chrome, page: str, width: int, scheme: str) -> None:
    """On a phone and on a screen, in light and dark: no console message, no sideways scrolling, enough contrast."""
    show(browser, page, width, scheme)
    assert browser.get_log("browser") == []
    assert evaluated(browser, OVERFLOW) == 0
    pale = [(text, round(ratio, 2)) for text, ratio in evaluated(browser, CONTRASTS) if ratio < LEAST_CONTRAST]
    assert pale == []


def test_a_screen_reader_finds_its_way(browser: webdriver.Chrome, page: str) -> None:
    """One main heading, sections below it in order, a name for every drawing."""
    show(browser, page, 1280, "light")
    levels = evaluated(browser, "return [...document.querySelectorAll('h1,h2,h3')].map((one) => +one.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert evaluated(browser, "return [...document.querySelectorAll('svg')].every((one) => one.ariaLabel)")
    assert evaluated(browser, "return document.documentElement.lang") == "en"


def test_a_script_that_slipped_in_would_not_run(browser: webdriver.Chrome, tmp_path: Path) -> None:
    """The page's own policy stops a script, and the browser says so: the check for complaints is not blind."""
    infected = tmp_path / "infected.html"
    infected.write_text(
        html(report(YEAR)).replace("</main>", "<script>document.title = 'run'</script></main>"), "utf-8"
    )
    browser.get(infected.as_uri())
    assert browser.title != "run"
    assert "Content Security Policy" in browser.get_log("browser")[0]["message"]
