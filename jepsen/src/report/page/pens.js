// Canvases that are sharp on every screen, and the colours of the theme.

const FONT = "12px system-ui, sans-serif";

// Clears a canvas for drawing in CSS pixels.
function penOf(canvas, height) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth;
  canvas.style.height = height + "px";
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = FONT;
  pen.textBaseline = "middle";
  return pen;
}

function readColours() {
  const css = getComputedStyle(document.documentElement);
  const colour = (name) => css.getPropertyValue("--" + name).trim();
  const names = ["ground", "panel", "text", "faint", "line", "marked", "fault", "fault-tint", "median", "tail"];
  const colours = Object.fromEntries(names.map((name) => [name, colour(name)]));
  colours.outcome = OUTCOMES.map(colour);
  colours.leaders = [1, 2, 3, 4, 5, 6].map((number) => colour("leader-" + number));
  return colours;
}

// Steps of 1, 2 or 5, so that about `count` of them fill a span.
function niceStep(span, count) {
  const power = 10 ** Math.floor(Math.log10(span / count));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => span / step <= count);
}

// Vertical bands of faults, behind whatever is drawn.
function tintFaults(pen, view, faults, colours, top, height) {
  pen.save();
  clipToPlot(pen, view, top, height);
  pen.fillStyle = colours["fault-tint"];
  for (const it of faults.intervals) {
    pen.fillRect(view.x(it.from), top, Math.max(view.x(it.to) - view.x(it.from), 1), height);
  }
  pen.restore();
}

function clipToPlot(pen, view, top, height) {
  pen.beginPath();
  pen.rect(LABELS_WIDTH, top, view.width, height);
  pen.clip();
}
