/* Shared by all parts of the script. Log content is always set as text, never as markup. */
const data = JSON.parse(document.getElementById("data").textContent);
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const twoDigits = (number) => String(number).padStart(2, "0");
const moment = (seconds) => {
  const time = new Date(seconds * 1000);
  const day = `${time.getUTCFullYear()}-${twoDigits(time.getUTCMonth() + 1)}-${twoDigits(time.getUTCDate())}`;
  return `${day} ${twoDigits(time.getUTCHours())}:${twoDigits(time.getUTCMinutes())}`;
};

/* The current selection: a marked principal or address, and a time range in microseconds since 1970. */
const limits = { mark: null, range: null };
const isWithin = (from, to) => !limits.range || (to >= limits.range[0] && from <= limits.range[1]);
const listeners = [];
const onLimits = (listener) => listeners.push(listener);
const limit = (change) => {
  Object.assign(limits, change);
  for (const listener of listeners) listener();
};
