"""The page of a campaign in a real browser: quiet, whole, legible, and it stays text."""

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from coloraide import Color

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from synthetic import SCENARIOS, STACKS, campaign, noisy  # noqa: E402  it is found by the line above

from bench.answer.answering import answer_of  # noqa: E402
from bench.commands.show import write_page  # noqa: E402
from bench.keep.selection import select_campaigns  # noqa: E402

ROOT = Path(__file__).parents[2]
playwright = pytest.importorskip("playwright.sync_api")
BROWSERS = ("chromium", "google-chrome", "chromium-browser", "chrome")
MANY = tuple(f"flask_sqlite@workers={w},threads={t}" for w in (1, 2, 3, 4) for t in range(1, 7))
HOSTILE = ("<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "=1+1", "{{7*7}}")
WIDTHS = (360, 768, 1440)
OVERLAP = """() => {
  const boxes = [];
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (!node.textContent.trim() || holder.closest('.unseen, option, title')) continue;
    if (!holder.checkVisibility({ contentVisibilityAuto: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      if (box.width > 1 && box.height > 1)
        boxes.push([box.left, box.top, box.right, box.bottom, node.textContent.trim()]);
  }
  const found = [];
  boxes.sort((a, b) => a[1] - b[1]);
  for (let i = 0; i < boxes.length; i++)
    for (let j = i + 1; j < boxes.length && boxes[j][1] < boxes[i][3]; j++) {
      const [a, b] = [boxes[i], boxes[j]];
      const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
      const high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
      if (wide > 2 && high > 5) found.push([a[4], b[4]]);
    }
  return found;
}"""


@pytest.fixture(scope="module")
def browser():
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("there is no Chromium or Chrome")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of a campaign with its page; what only looks at one shares it."""
    made = {}

    def written(arms, sessions, ms=None, scenarios=SCENARIOS):
        key = (arms, sessions, ms, scenarios)
        if key not in made:
            made[key] = tmp_path_factory.mktemp("page") / "one"
            ms = ms or noisy(0.02, django_drf=2.0, flask_sqlite=1.3)
            campaign(made[key].parent, "one", arms, sessions, ms=ms, scenarios=scenarios)
            write_page(made[key])
        return made[key]

    return written


@pytest.fixture
def opened(browser, written):
    """A campaign's page in a browser, and what it said and asked for."""
    contexts = []

    def opened(arms=STACKS, sessions=10, width=1440, dark=False, script=True, place="", **options):
        folder = written(arms, sessions, **options)
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.said, page.asked, page.folder = [], [], folder
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto((folder / "report.html").as_uri() + place)
        return page

    yield opened
    for context in contexts:
        context.close()


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")


@pytest.mark.parametrize("arms", [STACKS, STACKS[:2], STACKS[:1], MANY])
def test_it_says_nothing_on_the_console_and_asks_for_nothing(opened, arms):
    page = opened(arms)
    assert page.said == []
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in page.asked if url.startswith("file:")]) == 1


def test_the_same_campaign_gives_the_same_bytes_without_a_path(tmp_path):
    pages = []
    for seed in "12":  # of the order in which Python holds the members of a set
        folder = campaign(tmp_path / seed, "one", STACKS, 5, ms=noisy(0.02))
        command = [sys.executable, "-m", "bench", "report", folder]
        subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed})
        pages.append((folder / "report.html").read_text())
    assert pages[0] == pages[1]
    assert str(tmp_path) not in pages[0]


@pytest.mark.parametrize(("arms", "most"), [(STACKS, 300_000), (MANY, 1_500_000)])
def test_it_is_small(tmp_path, arms, most):
    folder = campaign(tmp_path, "one", arms, 20, ms=noisy(0.02))
    write_page(folder)
    assert len((folder / "report.html").read_bytes()) < most


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("arms", [STACKS, MANY, STACKS[:1]], ids=["five", "24", "one"])
def test_nothing_overflows_and_no_text_lies_on_another(opened, arms, width, dark):
    page = opened(arms, width=width, dark=dark)
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERLAP) == []


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious_with_everything_unfolded(opened, dark):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(dark=dark)
    unfold(page)
    found = axe.Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_another_baseline_moves_the_marks_and_is_kept_in_the_address(opened):
    page = opened(scenarios=("get",))
    answer = answer_of(select_campaigns([page.folder]))
    before = page.inner_text("table[data-scenario=get] tr[data-arm=django_drf] b")
    page.select_option("#base", "flask_sqlalchemy")
    assert page.url.endswith("#base=flask_sqlalchemy")
    (ratio,) = [
        ratio
        for ratio in answer.scenarios[0].ratios
        if {ratio.faster, ratio.slower} == {"django_drf", "flask_sqlalchemy"}
    ]
    after = page.inner_text("table[data-scenario=get] tr[data-arm=django_drf] b")
    assert after == f"{ratio.times:.2f}×" != before
    page.reload()
    assert page.inner_text("table[data-scenario=get] tr[data-arm=django_drf] b") == after


def test_every_choice_of_a_baseline_keeps_all_marks_on_the_axis(opened):
    page = opened(scenarios=("get", "hello"))
    for arm in STACKS:
        page.select_option("#base", arm)
        for place in page.eval_on_selector_all(
            "table .mark", "marks => marks.map(mark => parseFloat(mark.getAttribute('cx')))"
        ):
            assert 0 < place < 100
        assert page.locator(f"table[data-scenario=get] tr[data-arm={arm}] b").inner_text() == "1×"


def test_arms_that_are_left_out_are_gone_from_every_panel_and_from_the_address_on(opened):
    page = opened(scenarios=("get", "hello"))
    page.locator("#arms summary").click()
    page.uncheck("#arms input[value=fastapi_sqlite]")
    assert page.url.endswith("#without=fastapi_sqlite")
    for reload in (False, True):
        if reload:
            page.reload()
        assert page.locator("tr[data-arm=fastapi_sqlite]:visible").count() == 0
        assert page.locator("tr[data-arm=django_drf]:visible").count() == 2
    assert page.said == []


def test_an_address_of_which_nothing_can_be_made_is_the_page_as_it_is(opened):
    page = opened(scenarios=("get",), place="#%E0%A4%A&base=nobody&without=x&=")
    assert page.said == []
    assert page.locator("table[data-scenario=get] tr:visible").count() == len(STACKS) + 1


def test_without_a_script_all_is_there_but_choosing(opened):
    with_script, without = opened(), opened(script=False)
    assert without.locator("#choose").is_hidden() and with_script.locator("#choose").is_visible()
    for selector in ("h1", ".facts", "table[data-scenario=get]", "#again + pre"):
        assert with_script.inner_text(selector) == without.inner_text(selector)


@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_label_stays_text_wherever_it_stands(opened, label):
    for arms, slow in (((label, "b"), "b"), ((label, "b"), label)):
        page = opened(arms, ms=noisy(0.01, **{slow: 1.5}), scenarios=("get",))
        assert page.said == []
        assert page.locator("main img").count() == page.locator("main script").count() == 0
        assert label in page.inner_text("table[data-scenario=get]")
        page.select_option("#base", label)
        assert page.said == []


def test_every_number_on_the_page_is_in_the_answer(opened):
    page = opened(("flask_sqlite", "django_drf"), scenarios=("get",))
    answer = json.loads((page.folder / "answer.json").read_text())
    known = {number for number in _numbers(answer)}
    for cell in page.locator("td.value, td.times b").all_inner_texts():
        for text in re.findall(r"\d[\d,]*\.?\d*", cell):
            value, digits = float(text.replace(",", "")), len(text.partition(".")[2])
            close = 0.51 * 10**-digits
            assert value == 1 or any(abs(value - one) <= max(close, one / 190) for one in known)


def _numbers(of):
    if isinstance(of, dict):
        of = list(of.values())
    if isinstance(of, list):
        for one in of:
            yield from _numbers(one)
    elif isinstance(of, (int, float)) and not isinstance(of, bool):
        yield float(of)


@pytest.mark.parametrize("dark", [False, True])
def test_words_and_marks_have_contrast_and_frameworks_differ_to_every_eye(opened, dark):
    page = opened(dark=dark)
    ask = "(name) => getComputedStyle(document.documentElement).getPropertyValue(name)"
    resolve = """(name) => {
      const one = document.createElement('i');
      one.className = name;
      document.querySelector('main').append(one);
      one.style.setProperty('color', `var(--${name})`);
      return getComputedStyle(one).color;
    }"""
    assert page.evaluate(ask, "--paper")
    colours = {name: _rgb(page.evaluate(resolve, name)) for name in (
        "paper", "ink", "mute", "django", "fastapi", "flask", "soft")}  # fmt: skip
    for ground in ("paper", "soft"):
        assert _contrast(colours["ink"], colours[ground]) >= 4.5
        assert _contrast(colours["mute"], colours[ground]) >= 4.5
    frameworks = [colours[name] for name in ("django", "fastapi", "flask")]
    for colour in frameworks:
        assert _contrast(colour, colours["paper"]) >= 3
    seen = [Color("srgb", [part / 255 for part in colour]) for colour in frameworks]
    for eye in (None, "protan", "deutan", "tritan"):
        by_eye = [colour.filter(eye) if eye else colour for colour in seen]
        for one, other in combinations(by_eye, 2):
            assert one.delta_e(other, method="2000") >= 20, eye


def _rgb(text):
    return tuple(float(part) for part in re.findall(r"[\d.]+", text)[:3])


def _contrast(one, other):
    def light(colour):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in (part / 255 for part in colour)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_headings_descend_one_level_at_a_time(opened):
    levels = [int(tag[1]) for tag in opened().evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map((one) => one.tagName)")]  # fmt: skip
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
