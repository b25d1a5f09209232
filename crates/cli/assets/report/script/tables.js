/* Tables: sorting, filtering, export. */
const compare = (column, sign) => (a, b) => {
  const [x, y] = [a.cells[column], b.cells[column]];
  if (x.dataset.v !== undefined && y.dataset.v !== undefined) return sign * (x.dataset.v - y.dataset.v);
  return sign * x.textContent.localeCompare(y.textContent, "en", { numeric: true });
};

/* The exact value of a cell: numbers and times exactly, text as shown. No cell can be interpreted as a formula. */
const value = (cell) => {
  if (cell.classList.contains("time") && cell.dataset.v > 0) return new Date(cell.dataset.v / 1000).toISOString();
  if (cell.classList.contains("num") && cell.dataset.v !== undefined) return cell.classList.contains("none") ? "" : cell.dataset.v;
  const text = cell.textContent;
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
};
const csv = (rows) => rows.map((row) => row.map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(",")).join("\r\n");
const save = (name, text) => {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = make("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};

const sortable = (table, rows) => {
  const body = table.tBodies[0];
  for (const heading of table.tHead.rows[0].cells) {
    const button = make("span", { tabIndex: 0 }, ...heading.childNodes);
    button.setAttribute("role", "button");
    heading.append(button);
    const sort = () => {
      const isNumber = heading.classList.contains("num");
      const old = heading.getAttribute("aria-sort");
      const order = old ? (old === "ascending" ? "descending" : "ascending") : isNumber ? "descending" : "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", order);
      rows.sort(compare(heading.cellIndex, order === "ascending" ? 1 : -1));
      body.append(...rows);
    };
    button.addEventListener("click", sort);
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      sort();
    });
  }
};

for (const table of document.querySelectorAll("table.data")) {
  const rows = [...table.tBodies[0].rows];
  const count = make("output", { textContent: `${rows.length} rows` });
  const field = make("input", { type: "search", autocomplete: "off", spellcheck: false });
  const cells = rows.map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
    marks: [...row.querySelectorAll("[data-e]")].map((cell) => cell.dataset.e),
    times: [...row.querySelectorAll("td.time[data-v]")].map((cell) => Number(cell.dataset.v)).filter((time) => time > 0),
  }));
  const hasMarks = cells.some(({ marks }) => marks.length);
  const show = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const isLimited = words.length || (limits.mark && hasMarks) || limits.range;
    let shown = 0;
    for (const { row, text, marks, times } of cells) {
      row.hidden = !words.every((word) => text.includes(word)) || (limits.mark && hasMarks && !marks.includes(limits.mark))
        || (times.length > 0 && !isWithin(Math.min(...times), Math.max(...times)));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = isLimited ? `${shown} of ${rows.length} rows` : `${rows.length} rows`;
  };
  field.addEventListener("input", show);
  onLimits(show);
  if (rows.length > 1) sortable(table, rows);
  const name = table.id.replace(/^t-/, "") || "phases";
  const download = make("button", { type: "button", textContent: "CSV" });
  download.title = "Save the rows shown as CSV. Values shortened on the page are shortened in it.";
  download.addEventListener("click", () => {
    const headings = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    const body = [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => [...row.cells].map(value));
    save(`${name}.csv`, `\ufeff${csv([headings, ...body])}\r\n`);
  });
  const isShort = rows.length < 8;
  if (isShort) download.className = "copy";
  const bar = isShort ? [download] : [make("label", {}, "Filter ", field), count, download];
  table.parentElement.before(make("div", { className: "bar" }, ...bar));
  const box = table.parentElement;
  const cut = () => box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
  box.addEventListener("scroll", cut, { passive: true });
  addEventListener("resize", cut);
  cut();
}
