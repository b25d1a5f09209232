/* Marking a principal or an address wherever it occurs. Tables show only its rows, and everything else is dimmed. */
const marking = make("div", { className: "marking", hidden: true });
marking.setAttribute("role", "status");
const marked = make("span");
const clear = make("button", { type: "button", textContent: "Show everything" });
marking.append(marked, clear);
document.getElementById("main").prepend(marking);
clear.addEventListener("click", () => limit({ mark: null }));

const names = new Map();
for (const element of document.querySelectorAll("[data-e]")) {
  if (!names.has(element.dataset.e)) names.set(element.dataset.e, element.dataset.e.slice(2));
}
const isOf = (element, mark) => [element, ...element.querySelectorAll("[data-e]")].some((one) => one.dataset.e === mark);
const showMark = () => {
  let count = 0;
  for (const element of document.querySelectorAll("[data-e]")) {
    const is = limits.mark !== null && element.dataset.e === limits.mark;
    element.classList.toggle("marked", is);
    count += is ? 1 : 0;
  }
  for (const element of document.querySelectorAll(".lane:not(.all, .axis), details.incident, details.finding, .further .row")) {
    element.classList.toggle("dim", limits.mark !== null && !isOf(element, limits.mark));
  }
  for (const element of document.querySelectorAll("details[data-from], .further .row, a.mark")) {
    element.classList.toggle("outside", !isWithin(Number(element.dataset.from), Number(element.dataset.to)));
  }
  marking.hidden = limits.mark === null;
  marked.textContent = limits.mark === null ? "" : `Marked: ${names.get(limits.mark) ?? limits.mark.slice(2)} (${whole.format(count)} places). Tables show only its rows.`;
};
onLimits(showMark);
document.addEventListener("click", (event) => {
  const element = event.target.closest("[data-e]");
  if (!element || String(getSelection())) return;
  event.preventDefault();
  limit({ mark: limits.mark === element.dataset.e ? null : element.dataset.e });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && limits.mark !== null) limit({ mark: null });
});

/* Marking by keyboard: a field with all names. */
if (names.size) {
  const list = make("datalist", { id: "names" }, ...[...names.values()].map((name) => make("option", { value: name })));
  const field = make("input", { type: "search", autocomplete: "off", spellcheck: false });
  field.setAttribute("list", "names");
  field.addEventListener("change", () => {
    const found = [...names].find(([, name]) => name === field.value.trim());
    limit({ mark: found ? found[0] : null });
  });
  onLimits(() => { if (limits.mark === null) field.value = ""; });
  document.querySelector(".tools").append(make("label", {}, "Mark a principal or address", field), list);
}

/* The text of a mark in the timeline, by pointer and keyboard. */
for (const link of document.querySelectorAll("a.mark")) {
  const reading = link.closest(".lanes").nextElementSibling;
  const read = () => { reading.textContent = link.getAttribute("aria-label"); };
  link.addEventListener("pointerenter", read);
  link.addEventListener("focus", read);
}
