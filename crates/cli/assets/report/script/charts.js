/* Charts of traffic and latency. */

const axis = (properties) => ({
  stroke: colour("--muted"), font: "12px system-ui, sans-serif",
  grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 }, ...properties,
});
const bytes = (number) => `${compact.format(number).replace("K", "k").replace("B", "G")}B`;

const tens = (_, axisIndex, min, max) => {
  const most = Math.floor(Math.log10(Math.max(max, 1)));
  const step = Math.ceil((most + 1) / 5);
  return [0, ...Array.from({ length: most + 1 }, (_, power) => power).filter((power) => power % step === 0 && (power > 0 || step === 1)).map((power) => 10 ** power)];
};
// By distance of the ticks: the label of each tick, and the second line where the year or day changes.
const dates = [
  [86400 * 365, "{YYYY}", null, null, null, null, null, null, 1],
  [86400 * 28, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
];

const trafficChart = (root) => {
  const { start, width, series } = data.traffic;
  const values = Object.fromEntries(series);
  const times = series[0][1].map((_, index) => start + index * width);
  const [first, last] = [times[0], times[times.length - 1] + width];
  const isNarrow = () => root.clientWidth < 600;
  const range = make("output", { className: "range" });
  const all = make("button", { type: "button", textContent: "Show all", disabled: true });
  const scale = make("input", { type: "checkbox" });
  root.before(make("div", { className: "bar" },
    make("label", {}, scale, " Logarithmic requests"), all, range));
  const boxes = ["Requests by status", "Bytes sent"].map((title, index) => {
    const box = make("div", { className: "plot", tabIndex: 0 });
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `Chart: ${title}. Arrow keys move, plus and minus zoom, 0 shows all.`);
    box.append(make("h4", { textContent: title }));
    root.append(box);
    return box;
  });
  let charts = [];
  let shown = [first, last];
  let later = 0;
  const show = (from, to) => {
    shown = [from, to];
    const isAll = from <= first && to >= last;
    range.textContent = `${moment(from)} to ${moment(to)} UTC${isAll ? "" : "; all tables with times show only this time"}`;
    range.dataset.from = from;
    range.dataset.to = to;
    all.disabled = from <= first && to >= last;
    clearTimeout(later);
    later = setTimeout(() => {
      const wanted = all.disabled ? null : [from * 1e6, to * 1e6];
      if (String(wanted) !== String(limits.range)) limit({ range: wanted });
    }, 150);
  };
  const zoom = (from, to) => {
    const span = Math.min(Math.max(to - from, 2 * width), last - first);
    const begin = Math.min(Math.max(from, first), last - span);
    show(begin, begin + span);
    for (const chart of charts) chart.setScale("x", { min: begin, max: begin + span });
  };
  const follow = (chart) => {
    const { min, max } = chart.scales.x;
    if (!charts.length || min == null || (min === shown[0] && max === shown[1])) return;
    // By default uPlot ends at the last point, but that point's interval extends further.
    if (min <= first && max >= times[times.length - 1]) zoom(first, last);
    else zoom(min, max);
  };
  const line = (label, name, value) => ({
    label, stroke: colour(name), width: 1.5, fill: `${colour(name)}1f`, value, points: { show: false },
    paths: uPlot.paths.stepped({ align: 1 }),
  });
  // Incidents and findings on the time axis: a tick leads to each.
  const place = (chart) => {
    for (const tick of chart.over.querySelectorAll(".tick")) tick.remove();
    for (const { number, severity, text, from, to } of data.ticks) {
      if (to < shown[0] || from > shown[1]) continue;
      const left = Math.max(chart.valToPos(from, "x"), 0);
      const tick = make("a", { className: `tick ${severity}`, href: `#i-${number}`, title: text });
      tick.setAttribute("aria-label", text);
      tick.style.left = `${left}px`;
      tick.style.width = `${Math.max(Math.min(chart.valToPos(to, "x"), chart.over.clientWidth) - left, 4)}px`;
      tick.addEventListener("mousedown", (event) => event.stopPropagation());
      chart.over.append(tick);
    }
  };
  const build = () => {
    const old = shown;
    charts.forEach((chart) => chart.destroy());
    charts = [];
    const options = (height, lines, format, isLog) => ({
      width: root.clientWidth, height, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
      cursor: { drag: { x: true, y: false, dist: 4 }, sync: { key: "traffic", setSeries: false } },
      scales: {
        x: { time: true, range: (_, min, max) => (min == null ? [first, last] : [min, max]) },
        // A logarithmic scale that includes 0: log(value + 1).
        y: { distr: isLog ? 100 : 1, fwd: Math.log1p, bwd: Math.expm1, range: (_, min, max) => [0, Math.max(max || 0, 1) * 1.08] },
      },
      series: [{ label: "From", value: (_, seconds) => (seconds == null ? "–" : moment(seconds)) }, ...lines],
      axes: [axis({ space: isNarrow() ? 60 : 90, values: dates }), axis({ size: 62, ...(isLog ? { splits: tens, filter: (_, splits) => splits } : {}), values: (_, ticks) => ticks.map((tick) => (tick == null ? "" : format(tick))) })],
      legend: { live: true },
      hooks: { setScale: [(chart, key) => key === "x" && follow(chart)], draw: [place] },
    });
    const number = (_, value) => (value == null ? "–" : whole.format(value));
    const lines = [["2xx", "--s2xx", "status_2xx"], ["3xx", "--s3xx", "status_3xx"], ["4xx", "--s4xx", "status_4xx"],
      ["5xx", "--s5xx", "status_5xx"], ["No status", "--snone", "status_none"]];
    const [requests, sent] = boxes;
    const status = new uPlot(options(isNarrow() ? 220 : 260, lines.map(([label, name]) => line(label, name, number)), (v) => compact.format(v), scale.checked),
      [times, ...lines.map(([, , key]) => values[key])], requests);
    const size = new uPlot(options(isNarrow() ? 150 : 160, [line("Bytes", "--s2xx", (_, v) => (v == null ? "–" : bytes(v)))], bytes, false),
      [times, values.bytes_sent], sent);
    charts = [status, size];
    zoom(...old);
  };
  for (const box of boxes) {
    box.addEventListener("dblclick", () => zoom(first, last));
    box.addEventListener("keydown", (event) => {
      const [from, to] = shown;
      const step = (to - from) / 4;
      const moves = {
        ArrowLeft: [from - step, to - step], ArrowRight: [from + step, to + step], "+": [from + step, to - step],
        "=": [from + step, to - step], "-": [from - step, to + step], 0: [first, last], Escape: [first, last],
      };
      if (event.ctrlKey || event.metaKey || event.altKey || !moves[event.key]) return;
      event.preventDefault();
      zoom(...moves[event.key]);
    });
  }
  all.addEventListener("click", () => zoom(first, last));
  scale.addEventListener("change", build);
  show(first, last);
  return build;
};

const latencyChart = (root) => {
  const { scale, series } = data.latency;
  const longest = Math.max(...series.map(([, points]) => points.length));
  const at = scale.slice(0, longest);
  const most = at[at.length - 1];
  const percent = (point) => `${String(+(100 - 100 / point).toFixed(5))} %`;
  const millis = (value) => (value < 1 ? "0 ms" : `${whole.format(value)} ms`);
  const box = make("div", { className: "plot", tabIndex: 0 });
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Chart: percentiles of total time by operation. The table below has the numbers.");
  box.append(make("h4", { textContent: "Total time by percentile of requests" }));
  root.append(box);
  let chart = null;
  return () => {
    if (chart) chart.destroy();
    const marks = [1, 2, 10, 100, 1e3, 1e4, 1e5, 1e6].filter((mark) => mark <= most * 1.01);
    chart = new uPlot({
      width: root.clientWidth, height: root.clientWidth < 600 ? 260 : 340,
      cursor: { drag: { x: true, y: false, dist: 4 } },
      scales: {
        x: { time: false, distr: 3, range: (_, min, max) => [min ?? 1, max ?? most] },
        y: { distr: 3 },
      },
      series: [{ label: "Share", value: (_, point) => (point == null ? "–" : percent(point)) },
        ...series.map(([label], index) => ({
          label, stroke: colour(`--c${index}`), width: 1.5, points: { show: false }, spanGaps: false,
          value: (_, value) => (value == null ? "–" : millis(value)),
        }))],
      axes: [axis({ splits: () => marks, filter: (_, splits) => splits, values: (_, ticks) => ticks.map((tick) => (tick == null ? "" : percent(tick))) }),
        axis({ size: 84, values: (_, ticks) => ticks.map((tick) => (tick == null || !Number.isInteger(Math.log10(tick)) ? "" : millis(tick))) })],
      legend: { live: true },
    }, [at, ...series.map(([, points]) => at.map((_, index) => (index < points.length ? Math.max(points[index], 0.5) : null)))], box);
  };
};

