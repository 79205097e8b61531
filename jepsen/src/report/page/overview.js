// The whole run in a strip: how much went on, what failed, and which part of it is seen.

const OVERVIEW_HEIGHT = 44;

class Overview {
  constructor(canvas, view) {
    [this.canvas, this.view, this.run] = [canvas, view, view.run];
    let grip = null;
    const valueAt = (event) => {
      const [first, last] = this.run.bounds;
      return first + ((event.offsetX - LABELS_WIDTH) / view.width) * (last - first);
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      grip = view.span;
      view.show(valueAt(event) - grip / 2, valueAt(event) + grip / 2);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (grip !== null) view.show(valueAt(event) - grip / 2, valueAt(event) + grip / 2);
    });
    canvas.addEventListener("pointerup", () => { grip = null; });
  }

  draw(faults, colours) {
    const pen = penOf(this.canvas, OVERVIEW_HEIGHT);
    const { run, view } = this, [first, last] = run.bounds;
    const x = (value) => LABELS_WIDTH + ((value - first) / (last - first)) * view.width;
    pen.fillStyle = colours.faint;
    pen.fillText("whole run", 8, OVERVIEW_HEIGHT / 2);
    pen.fillStyle = colours["fault-tint"];
    for (const it of faults.intervals) pen.fillRect(x(it.from), 0, Math.max(x(it.to) - x(it.from), 1), OVERVIEW_HEIGHT);
    const bins = this.#count(Math.max(1, Math.floor(view.width / 2)));
    const most = Math.max(1, ...bins.all);
    bins.all.forEach((count, bin) => {
      const high = (count / most) * (OVERVIEW_HEIGHT - 8), at = LABELS_WIDTH + bin * 2;
      pen.fillStyle = colours.outcome[0];
      pen.fillRect(at, OVERVIEW_HEIGHT - high, 2, high);
      if (bins.unknown[bin] > 0) {
        pen.fillStyle = colours.outcome[3];
        pen.fillRect(at, OVERVIEW_HEIGHT - 6, 2, 6);
      }
    });
    if (run.blocked !== null) {
      pen.fillStyle = colours.marked;
      pen.fillRect(x(run.end[run.blocked]) - 1, 0, 2, OVERVIEW_HEIGHT);
    }
    this.#frame(pen, x(view.from), x(view.to), colours);
  }

  // Operations that begin in each bin. The same until the scale or the width changes.
  #count(length) {
    if (this.bins?.length === length && this.bins.scale === this.run.scale) return this.bins;
    const { run } = this, [first, last] = run.bounds;
    const all = new Array(length).fill(0), unknown = new Array(length).fill(0);
    for (let i = 0; i < run.count; i++) {
      const bin = Math.min(length - 1, Math.max(0, Math.floor(((run.start[i] - first) / (last - first)) * length)));
      all[bin]++;
      if (run.kind[i] === 3) unknown[bin]++;
    }
    this.bins = { length, scale: run.scale, all, unknown };
    return this.bins;
  }

  #frame(pen, from, to, colours) {
    from = Math.max(from, LABELS_WIDTH);
    to = Math.min(Math.max(to, from + 3), LABELS_WIDTH + this.view.width);
    pen.globalAlpha = 0.7;
    pen.fillStyle = colours.panel;
    pen.fillRect(LABELS_WIDTH, 0, from - LABELS_WIDTH, OVERVIEW_HEIGHT);
    pen.fillRect(to, 0, LABELS_WIDTH + this.view.width - to, OVERVIEW_HEIGHT);
    pen.globalAlpha = 1;
    pen.strokeStyle = colours.text;
    pen.lineWidth = 1.5;
    pen.strokeRect(from, 1, to - from, OVERVIEW_HEIGHT - 2);
  }
}
