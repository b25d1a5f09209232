/* Drawing of the charts; for printing, all details are opened and charts use light colours. */
const draws = [];
for (const root of document.querySelectorAll(".chart")) {
  draws.push([root, { traffic: trafficChart, latency: latencyChart }[root.dataset.chart](root)]);
}
const draw = () => draws.forEach(([, build]) => build());
draw();
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth !== width) draw();
  width = innerWidth;
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details.finding:not([open]), details.incident:not([open])")];
  closed.forEach((details) => { details.open = true; });
  draw();
});
addEventListener("afterprint", () => {
  closed.forEach((details) => { details.open = false; });
  draw();
});
