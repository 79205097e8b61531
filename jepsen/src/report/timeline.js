// Draws the operations by process on a canvas. View: the interval [from, to] of the chosen
// scale, nanoseconds or positions of events.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const canvas = document.getElementById("canvas");
  const panel = document.getElementById("details");
  const scale = document.getElementById("scale");
  const pen = canvas.getContext("2d");
  const ROW = 20, BAR = 14, TOP = 26, LEFT = 64;
  const marked = new Set([...(data.minimal || []), ...(data.candidates || []).map(([index]) => index)]);
  const needs = new Map(data.candidates || []);
  const placed = new Set(data.prefix || []);
  const hasTimes = data.operations.every((it) => it.invokedNs !== null);
  const rows = layRows(data.operations);
  let view = { from: 0, to: 1 }, chosen = null, drag = null;

  // A process that ends with an unknown outcome goes on under a fresh number: it takes over
  // the row that is free for longest, so that there are as many rows as clients.
  function layRows(operations) {
    const byProcess = new Map(), free = [];
    for (const it of operations) {
      const end = it.completed === null ? it.invoked : it.completed;
      let row = byProcess.get(it.process);
      if (row === undefined) {
        row = free.findIndex((last) => last.unknown && last.end < it.invoked);
        if (row < 0) row = free.push({}) - 1;
        byProcess.set(it.process, row);
      }
      it.row = row;
      free[row] = { end, unknown: it.outcome === "unknown", process: it.process };
    }
    return free.length;
  }

  const inOrder = () => scale.value === "order" || !hasTimes;
  const startOf = (it) => (inOrder() ? it.invoked : it.invokedNs);
  const endOf = (it) => {
    if (it.outcome === "unknown") return bounds().to;
    return inOrder() ? it.completed : it.completedNs ?? it.invokedNs;
  };
  const faultAt = (it) => (inOrder() ? it.position : it.time_ns);

  function bounds() {
    if (data.operations.length === 0) return { from: 0, to: 1 };
    let from = Infinity, to = -Infinity;
    for (const it of data.operations) {
      from = Math.min(from, startOf(it));
      to = Math.max(to, inOrder() ? it.completed ?? it.invoked : it.completedNs ?? it.invokedNs);
    }
    return { from, to: Math.max(to, from + 1) };
  }

  const width = () => canvas.clientWidth - LEFT;
  const toX = (value) => LEFT + ((value - view.from) / (view.to - view.from)) * width();
  const toValue = (x) => view.from + ((x - LEFT) / width()) * (view.to - view.from);

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const height = TOP + rows * ROW + 6;
    canvas.style.height = height + "px";
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = height * ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const css = getComputedStyle(document.documentElement);
    const colour = (name) => css.getPropertyValue("--" + name).trim();
    pen.clearRect(0, 0, canvas.clientWidth, height);
    pen.font = "11px system-ui, sans-serif";
    drawFaults(height, colour);
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, 0, width(), height);
    pen.clip();
    for (const it of data.operations) drawOperation(it, colour);
    pen.restore();
    pen.fillStyle = colour("faint");
    for (let row = 0; row < rows; row++) pen.fillText("client " + row, 6, TOP + row * ROW + 11);
    drawRuler(colour);
  }

  function drawOperation(it, colour) {
    const from = toX(startOf(it)), to = Math.max(toX(endOf(it)), from + 2);
    if (to < LEFT || from > canvas.clientWidth) return;
    const y = TOP + it.row * ROW;
    const kind = it.outcome === "unknown" ? "open" : it.outcome;
    pen.globalAlpha = data.prefix && !placed.has(it.index) && !marked.has(it.index) ? 0.45 : 1;
    pen.fillStyle = colour(kind);
    pen.fillRect(from, y, it.outcome === "unknown" ? Math.min(to - from, 40) : to - from, BAR);
    pen.globalAlpha = 1;
    if (marked.has(it.index) || it === chosen) {
      pen.strokeStyle = colour(it === chosen ? "text" : "marked");
      pen.lineWidth = 2;
      pen.strokeRect(from - 1, y - 1, Math.max(to - from, 3) + 2, BAR + 2);
    }
    if (to - from > 46) {
      pen.fillStyle = colour("ground");
      pen.fillText(it.function, Math.max(from, LEFT) + 4, y + 11, to - from - 8);
    }
  }

  // A kill or a partition is a band until the restart or the heal; anything else is a line.
  function drawFaults(height, colour) {
    const ends = { kill: "restart", crash: "restart", stop: "start", partition: "heal", pause: "resume" };
    data.faults.forEach((fault, index) => {
      const node = fault.value && fault.value.node;
      const until = ends[fault.function] && data.faults.slice(index + 1).find((later) =>
        later.function === ends[fault.function] && (!node || !later.value || later.value.node === node));
      const from = Math.max(toX(faultAt(fault)), LEFT);
      const to = until ? toX(faultAt(until)) : from + 1;
      if (to < LEFT || from > canvas.clientWidth) return;
      pen.fillStyle = colour(ends[fault.function] ? "band" : "line");
      pen.fillRect(from, 0, Math.max(to - from, 1), height);
      pen.fillStyle = colour("faint");
      pen.fillText(fault.function + (node ? " " + node : ""), from + 3, 10);
    });
  }

  function drawRuler(colour) {
    pen.fillStyle = colour("faint");
    const label = (value) => (inOrder() ? "event " + Math.round(value) : (value / 1e9).toFixed(3) + " s");
    for (let part = 0; part < 5; part++) {
      const x = LEFT + (part * width()) / 5;
      pen.fillRect(x, TOP - 12, 1, 6);
      pen.fillText(label(toValue(x)), x + 3, TOP - 5);
    }
  }

  function at(event) {
    const box = canvas.getBoundingClientRect();
    const x = event.clientX - box.left, row = Math.floor((event.clientY - box.top - TOP) / ROW);
    return data.operations.findLast((it) => it.row === row && toX(startOf(it)) <= x + 2 &&
      x - 2 <= Math.max(toX(startOf(it)) + 3, it.outcome === "unknown" ? toX(startOf(it)) + 40 : toX(endOf(it))));
  }

  function choose(it) {
    chosen = it;
    if (it) showDetails(panel, it, needs.get(it.index));
    draw();
  }

  function zoom(factor, around) {
    const all = bounds(), span = Math.max((view.to - view.from) * factor, inOrder() ? 4 : 1000);
    const share = (around - view.from) / (view.to - view.from);
    if (span >= 1.2 * (all.to - all.from)) return showAll();
    view = { from: around - share * span, to: around + (1 - share) * span };
    draw();
  }

  function showAll() {
    view = bounds();
    draw();
  }

  function center(it) {
    const all = bounds(), middle = startOf(it);
    const span = Math.min(all.to - all.from, Math.max(12 * (endOf(it) - middle || 1), (all.to - all.from) / 40));
    view = { from: middle - span / 2, to: middle + span / 2 };
    choose(it);
  }

  const blocked = () => data.operations.find((it) => it.completed === data.focus && data.focus !== null);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, toValue(event.offsetX));
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, view, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const shift = ((event.clientX - drag.x) / width()) * (drag.view.to - drag.view.from);
    drag.moved ||= Math.abs(event.clientX - drag.x) > 3;
    view = { from: drag.view.from - shift, to: drag.view.to - shift };
    draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (drag && !drag.moved) choose(at(event));
    drag = null;
  });
  canvas.addEventListener("keydown", (event) => {
    const shift = (view.to - view.from) / 8;
    if (event.key === "ArrowLeft") view = { from: view.from - shift, to: view.to - shift };
    else if (event.key === "ArrowRight") view = { from: view.from + shift, to: view.to + shift };
    else if (event.key === "+") return zoom(0.8, (view.from + view.to) / 2);
    else if (event.key === "-") return zoom(1.25, (view.from + view.to) / 2);
    else return;
    draw();
  });
  document.querySelectorAll("a[data-operation]").forEach((link) => link.addEventListener("click", () => {
    const it = data.operations.find((it) => it.index === Number(link.dataset.operation));
    if (it) center(it);
  }));
  scale.addEventListener("change", () => (blocked() ? center(blocked()) : showAll()));
  document.getElementById("whole").addEventListener("click", showAll);
  document.getElementById("center").addEventListener("click", () => blocked() && center(blocked()));
  window.addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  if (!hasTimes) {
    scale.value = "order";
    scale.disabled = true;
  }
  document.getElementById("center").hidden = !blocked();
  if (data.operations.length < data.total) {
    document.getElementById("note").textContent =
      `The run has ${data.total} operations; ${data.operations.length} of them are drawn.`;
  }
  if (blocked()) center(blocked());
  else showAll();
})();
