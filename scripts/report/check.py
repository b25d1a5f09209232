"""Opens reports in headless Chromium. usage: check.py SALTMINE CHROMIUM WORK [--picture FILE] [--screens FOLDER]"""

import argparse
import pathlib
import subprocess
import time

from playwright.sync_api import sync_playwright

import interaction
import paper

SECTIONS = ["summary", "incidents", "timeline", "did", "lost", "attack", "actions", "findings", "traffic", "who", "what",
            "unsigned", "settings", "errors", "transport", "latency", "limits", "sources", "about"]
TITLE = "Case 26-0417"
# Characters that would create an element, end a script or a string, hide text, or reverse the reading order, if they
# were interpreted.
HOSTILE = """</script><script>document.body.id='hacked';alert(1)</script><img src=x onerror=alert(2)>'"`${alert(3)}"""


def report(saltmine, work, source, page, *options):
    """Make a report in the folder `work`; its file names appear on the page."""
    command = [saltmine, "report", source, *options, "-o", page]
    run = subprocess.run(command, cwd=work, capture_output=True, text=True)
    assert run.returncode in (0, 3), run.stderr
    return work / page


def hostile_log(path):
    reversed_text = "rev\u202eersed\u2066\x1b[31m\u2028\x07"
    spaceless = HOSTILE.replace(" ", "/")
    lines = []
    for number in range(12):
        key = f"{spaceless}{number}".replace('"', "%22")
        lines.append(
            f"0wner bucket{number % 2} [01/May/2026:10:00:{number:02} +0000] 198.51.100.7 {spaceless} 7QKEXAMPLE "
            f"REST.GET.OBJECT {key} \"GET /{key} HTTP/1.1\" 200 - 5 99 12 11 \"{HOSTILE} {reversed_text}\" "
            f"\"{HOSTILE} {reversed_text}\" - host SigV4 C AuthHeader h TLSv1.3 - - -\n")
    path.write_text("".join(lines))
    return path


class Opened:
    """A page in a browser, with a record of its actions."""

    def __init__(self, browser, path, width=1440, height=900, scheme="light", script=True):
        self.problems, self.requests = [], []
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme,
                                           java_script_enabled=script, accept_downloads=True)
        page = self.page = self.context.new_page()
        page.on("console", lambda message: self.problems.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        # The page creates the files that it saves, as blobs.
        page.on("request", lambda request: request.url.startswith("blob:") or self.requests.append(request.url))
        page.route(lambda url: not url.startswith(("file:", "blob:")), lambda route: route.abort())
        begin = time.monotonic()
        page.goto(pathlib.Path(path).absolute().as_uri(), wait_until="load")
        self.seconds = time.monotonic() - begin

    def close(self):
        assert not self.problems, self.problems
        assert len(self.requests) == 1, self.requests
        self.context.close()


def check_sections(page):
    for section in SECTIONS:
        assert page.locator(f"section#{section} > h2").is_visible(), section
    assert [section.get_attribute("id") for section in page.locator("main > section").all()] == SECTIONS
    assert page.locator(".uplot canvas").count() == 3
    assert page.locator("details.finding").count() > 10
    assert page.locator("details.incident").count() > 2
    assert page.locator("details.incident[open], details.finding[open]").count() == 0
    # Each figure has its SQL, which opens without JavaScript.
    for figure in page.locator("div.figure").all():
        assert figure.locator("details.sql").count() == 1, figure.get_attribute("id")
    sql = page.locator("#requesters details.sql")
    assert not sql.locator("pre").is_visible()
    sql.locator("summary").click()
    assert "principal_type(requester)" in sql.locator("pre").inner_text()
    page.locator("#all-sql").check()
    assert page.locator("details.sql:not([open])").count() == 0
    page.locator("#all-sql").uncheck()


def check_tables(page):
    heading = page.locator("#t-requesters th", has_text="Bytes sent")
    place = heading.evaluate("heading => heading.cellIndex + 1")
    def column():
        return [int(cell.get_attribute("data-v")) for cell in page.locator(f"#t-requesters tbody td:nth-child({place})").all()]
    first = column()
    heading.locator("[role=button]").click()
    assert heading.get_attribute("aria-sort") == "descending" and column() == sorted(first, reverse=True)
    heading.locator("[role=button]").press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending" and column() == sorted(first)
    by_name = page.locator("#t-requesters th", has_text="Requester").first
    by_name.locator("[role=button]").click()
    assert heading.get_attribute("aria-sort") is None and by_name.get_attribute("aria-sort") == "ascending"
    field = page.locator("#requesters input[type=search]")
    field.fill("OPS-maintenance cleanup")
    visible = page.locator("#t-requesters tbody tr:visible")
    assert visible.count() == 1 and "cleanup-7f2a" in visible.inner_text()
    assert page.locator("#requesters output").inner_text().startswith("1 of ")
    field.fill("")
    assert visible.count() == len(first)


def shown_range(page):
    data = page.locator("#over-time output.range")
    return float(data.get_attribute("data-from")), float(data.get_attribute("data-to"))


def check_zoom(page):
    whole = shown_range(page)
    button = page.get_by_role("button", name="Show all")
    assert button.is_disabled()
    plot = page.locator("#over-time .u-over").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=8)
    page.mouse.up()
    page.wait_for_function("from => document.querySelector('#over-time output.range').dataset.from != from", arg=str(whole[0]))
    zoomed = shown_range(page)
    share = (zoomed[1] - zoomed[0]) / (whole[1] - whole[0])
    assert whole[0] < zoomed[0] < zoomed[1] < whole[1] and 0.2 < share < 0.3, (whole, zoomed)
    button.click()
    assert shown_range(page) == whole
    page.locator("#over-time .plot").first.press("+")
    by_key = shown_range(page)
    assert by_key[0] > whole[0] and by_key[1] < whole[1]
    page.locator("#over-time .plot").first.press("0")
    assert shown_range(page) == whole
    page.locator("#over-time .bar input[type=checkbox]").check()
    page.locator("#over-time .bar input[type=checkbox]").uncheck()


def check_width(page, width):
    widest = page.evaluate("document.documentElement.scrollWidth")
    assert widest <= width, f"the page is {widest} px wide in a window of {width} px"


def check_without_script(browser, path):
    opened = Opened(browser, path, script=False)
    page = opened.page
    for part in ["dl.verdict", "details.incident >> nth=0", "#incident-timeline svg.picture >> nth=0", "#t-matrix", "#t-taken",
                 "#t-destroyed", "#t-changed", "#bytes-out svg.picture >> nth=0", "ol.attack", "ol.steps >> nth=0", "#t-requesters"]:
        assert page.locator(part).first.is_visible(), part
    page.locator("details.incident").first.locator("summary").first.click()
    assert page.locator("details.incident").first.locator("table.phases").is_visible()
    opened.close()


def check_hostile(browser, saltmine, work):
    path = report(saltmine, work, hostile_log(work / "hostile.log").name, "hostile.html")
    opened = Opened(browser, path)
    page = opened.page
    assert page.evaluate("document.body.id") == ""
    assert page.locator("script").count() == 2 and page.locator("img, iframe, .data b, .data svg:not(.picture), svg:not(.picture, .picture svg)").count() == 0
    for table, column in [("requesters", 1), ("keys", 2), ("agents", 1)]:
        text = page.locator(f"#t-{table} tbody tr:first-child td:nth-child({column})").inner_text()
        assert "</script><script>document.body.id='hacked'" in text, (table, text)
    text = page.locator("#t-agents tbody td").first.text_content()
    assert "rev\\u{202E}ersed\\u{2066}\\x1B[31m\\u{2028}\\x07" in text, text
    assert not set("\u202e\u2066\u2028\x1b\x07") & set(page.content())
    # The page's content security policy stops injected code from running.
    page.evaluate("""() => {
        const element = document.createElement('script');
        element.textContent = "document.body.id = 'hacked'";
        document.body.append(element);
    }""")
    assert page.evaluate("document.body.id") == ""
    assert any("Content Security Policy" in problem for problem in opened.problems), opened.problems
    opened.problems.clear()
    opened.close()


def screens(browser, path, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for width, height in [(1440, 900), (390, 844)]:
        for scheme in ["light", "dark"]:
            opened = Opened(browser, path, width, height, scheme)
            opened.page.screenshot(path=folder / f"{width}-{scheme}.png", full_page=True)
            opened.close()


def picture(browser, path, file):
    opened = Opened(browser, path, 1320, 1000)
    opened.page.screenshot(path=file)
    opened.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("saltmine")
    parser.add_argument("chromium")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--picture", type=pathlib.Path)
    parser.add_argument("--screens", type=pathlib.Path)
    given = parser.parse_args()
    (given.work / "samples").symlink_to(pathlib.Path("samples").absolute())
    subprocess.run([given.saltmine, "ingest", "samples/attack", "--to", "case.lake", "--quiet"], cwd=given.work)
    path = report(given.saltmine, given.work, "case.lake", "report.html", "--title", TITLE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given.chromium, args=["--no-sandbox"])
        if given.picture:
            picture(browser, path, given.picture)
            print(f"{given.picture}: {given.picture.stat().st_size:,} bytes")
            return
        if given.screens:
            screens(browser, path, given.screens)
        opened = Opened(browser, path)
        check_sections(opened.page)
        check_tables(opened.page)
        check_zoom(opened.page)
        check_width(opened.page, 1440)
        opened.close()
        interaction.check(Opened(browser, path))
        printed = paper.check(Opened(browser, path), TITLE)
        check_without_script(browser, path)
        seconds = opened.seconds
        for width, height in [(390, 844), (320, 700), (820, 1180)]:
            for scheme in ["light", "dark"]:
                opened = Opened(browser, path, width, height, scheme)
                check_width(opened.page, width)
                ink, ground = opened.page.evaluate(
                    "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
                is_dark = sum(map(int, ground[4:-1].split(","))) < sum(map(int, ink[4:-1].split(",")))
                assert is_dark == (scheme == "dark"), (scheme, ink, ground)
                opened.close()
        check_hostile(browser, given.saltmine, given.work)
        browser.close()
    size = path.stat().st_size
    assert size < 3_000_000
    print(f"report: opened in {seconds:.2f} s, {size:,} bytes, {printed} printed pages; sections, tables, zoom, marks, export, "
          "navigation, print, widths, no script and hostile text passed")


main()
