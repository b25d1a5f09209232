"""Actions of a reader of a report: timeline, marks, zoom, export, navigation, copying."""

import csv
import io


def check(opened):
    page = opened.page
    for part in [check_timeline, check_marks, check_zoomed_tables, check_export, check_navigation, check_copy]:
        part(page)
    opened.close()


def check_timeline(page):
    """A mark shows its text on hover and focus, and opens its incident."""
    mark = page.locator("#incident-timeline a.mark.exfiltration").first
    text = mark.get_attribute("aria-label")
    assert "16.3 GB" in text, text
    reading = page.locator("#incident-timeline .reading")
    mark.scroll_into_view_if_needed()
    mark.hover()
    assert reading.inner_text() == text, reading.inner_text()
    page.mouse.move(5, 5)
    other = page.locator("#incident-timeline a.mark.destruction").first
    other.focus()
    assert reading.inner_text() == other.get_attribute("aria-label")
    other.press("Enter")
    number = other.get_attribute("href")
    assert page.locator(f"details{number}[open]").count() == 1
    page.locator(f"details{number} > summary").click()


def visible(page, table):
    return page.locator(f"#t-{table} tbody tr:visible")


def check_marks(page):
    """Clicking a principal or address marks it everywhere, and tables show only its rows."""
    taken = visible(page, "taken").count()
    cell = page.locator("#t-taken td[data-e^='a:']").first
    address = cell.inner_text().strip()
    cell.click()
    assert page.locator(".marking").is_visible() and address in page.locator(".marking").inner_text()
    assert 0 < visible(page, "taken").count() < taken
    assert visible(page, "addresses").count() == 1 and visible(page, "addresses").inner_text().startswith(address)
    assert page.locator(".marked").count() > 3
    page.keyboard.press("Escape")
    assert page.locator(".marking").is_hidden() and visible(page, "taken").count() == taken
    # The same by keyboard.
    field = page.locator(".tools input[list]")
    name = page.locator("#t-taken td[data-e^='p:']").first.get_attribute("data-e")[2:]
    field.fill(name)
    field.press("Enter")
    assert page.locator(".marking").is_visible() and page.locator(".lane.dim").count() > 0
    page.get_by_role("button", name="Show everything").click()
    assert page.locator(".marking").is_hidden() and page.locator(".lane.dim").count() == 0 and field.input_value() == ""


def check_zoomed_tables(page):
    """Zooming into a chart filters tables to that time."""
    rows = visible(page, "destroyed").count()
    plot = page.locator("#over-time .plot").first
    plot.scroll_into_view_if_needed()
    for _ in range(3):
        plot.press("+")
    page.wait_for_function("rows => [...document.querySelectorAll('#t-destroyed tbody tr')].filter(row => !row.hidden).length !== rows", arg=rows)
    output = page.locator("#over-time output.range")
    begin, end = (float(output.get_attribute(f"data-{side}")) * 1e6 for side in ["from", "to"])
    times = page.locator("#t-requesters tbody tr").evaluate_all("""rows => rows.filter(row => !row.hidden)
        .map(row => [...row.querySelectorAll("td.time")].map(cell => Number(cell.dataset.v)))""")
    assert times and all(min(row) <= end and max(row) >= begin for row in times), times
    assert "show only this time" in output.inner_text()
    plot.press("0")
    page.wait_for_function("rows => [...document.querySelectorAll('#t-destroyed tbody tr')].filter(row => !row.hidden).length === rows", arg=rows)
    # The time axis has a tick for each incident, which opens it.
    tick = page.locator("#over-time a.tick.critical").first
    tick.press("Enter")
    assert page.locator(f"details{tick.get_attribute('href')}[open]").count() == 1


def saved(page, figure):
    with page.expect_download() as download:
        page.locator(f"#{figure}").get_by_role("button", name="CSV").first.click()
    path = download.value.path()
    text = path.read_text(encoding="utf-8-sig")
    return download.value.suggested_filename, list(csv.reader(io.StringIO(text)))


def check_export(page):
    name, rows = saved(page, "taken")
    assert name == "taken.csv" and len(rows) == visible(page, "taken").count() + 1, (name, len(rows))
    headings = rows[0]
    sizes = [int(row[headings.index("Bytes read")]) for row in rows[1:] if row[headings.index("Bytes read")]]
    assert sum(sizes) > 5_000_000_000, sum(sizes)
    assert all(row[headings.index("First read (UTC)")].endswith("Z") for row in rows[1:])
    # Filtered rows are not saved; formulas are saved as text.
    page.locator("#taken input[type=search]").fill("halite-uploads")
    _, few = saved(page, "taken")
    assert 1 < len(few) < len(rows), len(few)
    page.locator("#taken input[type=search]").fill("")
    page.evaluate("document.querySelector('#t-taken tbody tr td:nth-child(3)').textContent = '=1+1'")
    _, rows = saved(page, "taken")
    assert any(row[2] == "'=1+1" for row in rows)


def check_navigation(page):
    for section in ["findings", "lost", "summary"]:
        page.locator(f"nav a[href='#{section}']").click()
        page.wait_for_function("href => document.querySelector('nav a[aria-current]')?.getAttribute('href') === href", arg=f"#{section}")
    assert page.locator("nav a[aria-current]").count() == 1
    incident = page.locator("details.incident:has(.note a)").first
    # An earlier check may have opened it.
    if incident.get_attribute("open") is None:
        incident.locator("> summary").click()
    link = incident.locator(".note a").first
    link.click()
    assert page.locator(f"details{link.get_attribute('href')}[open]").count() == 1
    assert page.locator("#matrix h3 a.anchor").get_attribute("href") == "#matrix"


def check_copy(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    figure = page.locator("#matrix")
    figure.locator("details.sql summary").click()
    figure.locator("button.copy").click()
    figure.get_by_role("button", name="Copied").wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("/* What each actor") and text == figure.locator("pre code").text_content()
