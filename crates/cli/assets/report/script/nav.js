/* Navigation: all SQL, opening the target of a link, the current section, links to headings, copying. */
document.getElementById("all-sql").addEventListener("change", (event) => {
  for (const details of document.querySelectorAll("details.sql")) details.open = event.target.checked;
});
const openTarget = () => {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") target.open = true;
};
addEventListener("hashchange", openTarget);
openTarget();
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  // A link to the current position does not change the hash.
  if (link && link.getAttribute("href") === location.hash) openTarget();
});

const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.getAttribute("href").slice(1), link]));
const sections = [...document.querySelectorAll("main > section")];
const current = () => {
  const line = innerHeight / 4;
  const above = sections.filter((section) => section.getBoundingClientRect().top <= line);
  const here = (above[above.length - 1] ?? sections[0])?.id;
  for (const [id, link] of links) {
    if (id === here) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
};
let isWaiting = false;
addEventListener("scroll", () => {
  if (isWaiting) return;
  isWaiting = true;
  requestAnimationFrame(() => { isWaiting = false; current(); });
}, { passive: true });
current();

for (const box of document.querySelectorAll("main > section, .figure")) {
  const heading = box.querySelector("h2, h3");
  const anchor = make("a", { className: "anchor", href: `#${box.id}`, textContent: "#" });
  anchor.setAttribute("aria-label", `Link to ${heading.textContent}`);
  heading.append(anchor);
}

const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = make("textarea", { value: text });
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
};
for (const text of document.querySelectorAll("pre > code, code.command")) {
  const button = make("button", { type: "button", className: "copy", textContent: "Copy" });
  button.addEventListener("click", async () => {
    await copy(text.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  if (text.parentElement.tagName === "PRE") text.parentElement.before(button);
  else text.after(button);
}
