/* The plots of Insights. Each canvas names the JSON beside it; colours are read again when the theme changes. */

import { duration } from "./words.js";

/* The first is what the server gives for everything under a second (inbox/mirror/durations.py) */
const STEPS_S = [0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 86400, 3 * 86400, 10 * 86400, 30 * 86400, 100 * 86400];
const drawn = [];

function palette() {
  const found = {};
  for (const swatch of document.querySelectorAll("#tints [data-tint]")) found[swatch.dataset.tint] = getComputedStyle(swatch).color;
  return found;
}

const number = new Intl.NumberFormat(document.documentElement.lang);
const words = (unit, value) => (unit === "seconds" ? duration(value) : number.format(value));

/* The last point, or one between two gaps, would not be visible as part of a line */
function isAlone(values, place) {
  return values[place] !== null && (place === values.length - 1 || ((values[place - 1] ?? null) === null && values[place + 1] === null));
}

function datasets(data, tints) {
  return data.series.map((series) => {
    const tint = tints[series.tint];
    if (data.kind === "line") {
      return {
        label: series.label,
        data: series.values,
        borderColor: tint,
        backgroundColor: tint,
        borderWidth: series.dash ? 1.5 : 2,
        borderDash: series.dash ? [4, 3] : [],
        pointRadius: series.values.map((value, place) => (isAlone(series.values, place) ? 3 : 0)),
        pointHoverRadius: 4,
        pointHitRadius: 8,
        /* A point on the edge of the plot is whole */
        clip: 4,
        spanGaps: false,
        tension: 0,
      };
    }
    return {
      label: series.label,
      data: series.values.map((value) => value || null),
      backgroundColor: series.tints.length ? series.tints.map((name) => tints[name]) : tint,
      borderColor: tints.plane,
      borderWidth: data.kind === "share" ? { right: 2 } : 0,
      borderRadius: 3,
      borderSkipped: false,
      barThickness: data.kind === "share" ? 24 : 18,
      minBarLength: 0,
    };
  });
}

function axes(data, tints) {
  const ticks = { color: tints.words, font: { size: 11, family: getComputedStyle(document.body).fontFamily }, maxRotation: 0 };
  const grid = { color: tints.grid, drawTicks: false };
  const border = { color: tints.axis };
  if (data.kind === "share") {
    const hidden = { display: false, stacked: true };
    return { x: { ...hidden, max: data.series.reduce((sum, series) => sum + series.values[0], 0) }, y: hidden };
  }
  if (data.kind === "bars") {
    return {
      x: { stacked: true, beginAtZero: true, grid, border: { display: false }, ticks: { ...ticks, precision: 0, maxTicksLimit: 6, padding: 6 } },
      y: { stacked: true, grid: { display: false }, border, ticks: { ...ticks, autoSkip: false, padding: 6 } },
    };
  }
  const days = { grid: { display: false }, border, ticks: { ...ticks, maxTicksLimit: 8, autoSkipPadding: 10, padding: 6 } };
  if (data.unit === "seconds") return { x: days, y: { ...durations(data), grid, border: { display: false }, ticks: { ...ticks, padding: 8, callback: (value) => duration(value) } } };
  return { x: days, y: { beginAtZero: true, grid, border: { display: false }, ticks: { ...ticks, precision: 0, maxTicksLimit: 5, padding: 8 } } };
}

/* From under a second to months on one logarithmic axis, with marks at common durations */
function durations(data) {
  const values = data.series.flatMap((series) => series.values).filter((value) => value !== null);
  const low = Math.min(...values);
  const high = Math.max(...values, 2);
  const min = STEPS_S.findLast((step) => step <= low) ?? STEPS_S[0];
  const max = STEPS_S.find((step) => step >= high) ?? high;
  const marks = STEPS_S.filter((step) => step >= min && step <= max);
  const every = Math.ceil(marks.length / 6);
  const shown = marks.filter((_, place) => (marks.length - 1 - place) % every === 0);
  return { type: "logarithmic", min, max, afterBuildTicks: (axis) => (axis.ticks = shown.map((value) => ({ value }))) };
}

function options(data, tints) {
  return {
    responsive: true,
    maintainAspectRatio: false,
    animation: false,
    indexAxis: data.kind === "line" ? "x" : "y",
    interaction: { mode: data.kind === "share" ? "nearest" : "index", axis: data.kind === "line" ? "x" : "y", intersect: data.kind === "share" },
    layout: { padding: data.kind === "line" ? { right: 6, top: 6 } : 0 },
    scales: axes(data, tints),
    plugins: {
      legend: { display: false },
      tooltip: {
        backgroundColor: tints.raised,
        borderColor: tints.axis,
        borderWidth: 1,
        titleColor: tints.ink,
        bodyColor: tints.ink,
        boxPadding: 4,
        padding: 8,
        callbacks: {
          title: (items) => (data.kind === "share" ? "" : items[0].label),
          label: (item) => `${item.dataset.label}: ${words(data.unit, data.kind === "line" ? item.parsed.y : item.parsed.x)}`,
        },
      },
    },
  };
}

function draw(canvas) {
  const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  const tints = palette();
  canvas.parentElement.hidden = false;
  const type = data.kind === "line" ? "line" : "bar";
  const chart = new globalThis.Chart(canvas, { type, data: { labels: data.labels, datasets: datasets(data, tints) }, options: options(data, tints) });
  drawn.push({ chart, data });
}

function redraw() {
  const tints = palette();
  for (const { chart, data } of drawn) {
    chart.data.datasets = datasets(data, tints);
    chart.options = options(data, tints);
    chart.update("none");
  }
}

if (globalThis.Chart) {
  for (const canvas of document.querySelectorAll("canvas[data-chart]")) draw(canvas);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}
