// Mouse, wheel and keys.

function setUpPointer(canvas, timeline, view, selection, hint) {
  let drag = null;
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.shiftKey) canvas.parentElement.scrollTop += event.deltaY || event.deltaX;
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.pan(event.deltaX / view.width);
    else view.zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, view.value(event.offsetX));
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, from: view.from, to: view.to, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) return showHint(event);
    drag.moved ||= Math.abs(event.clientX - drag.x) > 3;
    const shift = ((event.clientX - drag.x) / view.width) * (drag.to - drag.from);
    if (drag.moved) view.show(drag.from - shift, drag.to - shift);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (drag && !drag.moved) selection.choose(timeline.at(event.offsetX, event.offsetY));
    drag = null;
  });
  canvas.addEventListener("pointerleave", () => { hint.hidden = true; });

  function showHint(event) {
    const place = timeline.at(event.offsetX, event.offsetY);
    hint.hidden = place === null;
    canvas.style.cursor = place === null ? "grab" : "pointer";
    if (place === null) return;
    const it = selection.run.operation(place);
    const took = it.outcome === "unknown" || it.completedNs === null ? "" : `, ${sayTime(it.completedNs - it.invokedNs)}`;
    hint.textContent = `${it.name}: ${SAID[it.outcome]}${took}`;
    hint.style.left = Math.min(event.clientX + 14, innerWidth - 220) + "px";
    hint.style.top = event.clientY + 16 + "px";
  }
}

// What keys do, in the order in which the help tells it.
function keysOf({ view, selection, showViolation, toggleTheme, toggleHelp }) {
  return [
    { keys: ["ArrowRight"], say: "→", does: "next operation", run: () => selection.step(1) },
    { keys: ["ArrowLeft"], say: "←", does: "previous operation", run: () => selection.step(-1) },
    { keys: ["ArrowDown"], say: "↓", does: "process below, at the same time", run: () => selection.stepRow(1) },
    { keys: ["ArrowUp"], say: "↑", does: "process above, at the same time", run: () => selection.stepRow(-1) },
    { keys: ["+", "="], say: "+", does: "zoom in", run: () => view.zoom(0.6, middle(view, selection)) },
    { keys: ["-"], say: "−", does: "zoom out", run: () => view.zoom(1 / 0.6, middle(view, selection)) },
    { keys: ["0"], say: "0", does: "whole run", run: () => view.showAll() },
    { keys: ["v"], say: "v", does: "to the violation", run: showViolation },
    { keys: ["t"], say: "t", does: "light or dark", run: toggleTheme },
    { keys: ["Escape"], say: "Esc", does: "no operation", run: () => selection.choose(null) },
    { keys: ["?"], say: "?", does: "this help", run: toggleHelp },
  ];
}

function middle(view, selection) {
  const { place, run } = selection;
  const at = place === null ? NaN : (run.start[place] + run.end[place]) / 2;
  return at >= view.from && at <= view.to ? at : (view.from + view.to) / 2;
}

function setUpKeys(keys, help) {
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (help.open && event.key !== "?") return;
    const key = keys.find((it) => it.keys.includes(event.key));
    if (!key) return;
    event.preventDefault();
    key.run();
  });
}
