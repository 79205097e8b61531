// Operations by client over time. However many there are, each pixel of a row is filled once:
// where several operations share one, the worst outcome shows.

const LANE = 18;
const FADED = 0.35;

class Timeline {
  constructor(head, body, view) {
    [this.head, this.body, this.view, this.run] = [head, body, view, view.run];
    const rows = this.run.rows.length;
    this.rowHeight = rows <= 16 ? 24 : rows <= 40 ? 16 : 10;
  }

  get height() { return Math.max(this.run.rows.length, 1) * this.rowHeight + 6; }

  draw(faults, colours, chosen) {
    this.#drawHead(faults, colours);
    const pen = penOf(this.body, this.height);
    this.pen = pen;
    this.colours = colours;
    tintFaults(pen, this.view, faults, colours, 0, this.height);
    this.#drawLabels();
    pen.save();
    clipToPlot(pen, this.view, 0, this.height);
    for (let row = 0; row < this.run.rows.length; row++) this.#drawRow(row);
    pen.globalAlpha = 1;
    for (const place of this.run.marked) this.#outline(place, colours.marked);
    if (chosen !== null) this.#outline(chosen, colours.text);
    this.#drawBlocked(pen, this.height);
    pen.restore();
  }

  // The axis, who led, and the faults with their names.
  #drawHead(faults, colours) {
    const hasLeaders = faults.leaders.length > 0;
    const height = 24 + LANE * (faults.lanes + (hasLeaders ? 1 : 0)) + (faults.moments.length ? LANE : 0);
    const pen = penOf(this.head, height), { view } = this;
    let top = 24;
    this.#drawAxis(pen, colours, height);
    const band = (from, to, y, fill, ink, text) => {
      const left = Math.max(view.x(from), LABELS_WIDTH), right = Math.min(view.x(to), LABELS_WIDTH + view.width);
      if (right < LABELS_WIDTH || left > LABELS_WIDTH + view.width) return;
      pen.fillStyle = fill;
      pen.fillRect(left, y + 1, Math.max(right - left, 3), LANE - 3);
      pen.fillStyle = ink;
      this.#drawClipped(pen, text, left, right, y);
    };
    const label = (text, y) => { pen.fillStyle = colours.faint; pen.fillText(text, 8, y + LANE / 2); };
    if (hasLeaders) {
      label("leader", top);
      for (const it of faults.leaders) {
        const fill = colours.leaders[((it.node ?? 1) - 1) % colours.leaders.length];
        band(it.from, it.to, top, fill, colours.text, `node ${it.node ?? "?"}${it.term ? `, term ${it.term}` : ""}`);
      }
      top += LANE;
    }
    if (faults.lanes > 0) label("faults", top);
    for (const it of faults.intervals) {
      band(it.from, it.to, top + it.lane * LANE, colours.fault, colours.ground, it.name);
    }
    top += faults.lanes * LANE;
    if (faults.moments.length > 0) {
      label("events", top);
      this.#drawMoments(pen, faults.moments, top, colours);
    }
    this.#drawBlocked(pen, height, "violation");
  }

  // A mark for each, and its name as far as the next one.
  #drawMoments(pen, moments, top, colours) {
    const end = LABELS_WIDTH + this.view.width;
    const placed = moments.map((it) => ({ name: it.name, x: this.view.x(it.at) }));
    const shown = placed.filter((it) => it.x >= LABELS_WIDTH && it.x <= end);
    shown.forEach(({ name, x }, number) => {
      pen.fillStyle = colours.fault;
      pen.fillRect(x - 1, top + 2, 2, LANE - 4);
      pen.fillStyle = colours.text;
      this.#drawClipped(pen, name, x, (shown[number + 1]?.x ?? end) - 3, top);
    });
  }

  // Text from left to right, cut off there; none where it would say nothing.
  #drawClipped(pen, text, left, right, top) {
    if (right - left < 24) return;
    pen.save();
    pen.beginPath();
    pen.rect(left, top, right - left, LANE);
    pen.clip();
    pen.fillText(text, left + 5, top + LANE / 2);
    pen.restore();
  }

  #drawAxis(pen, colours, height) {
    const { view } = this, step = Math.max(niceStep(view.span, view.width / 110), this.run.scale === "order" ? 1 : 0);
    pen.fillStyle = colours.faint;
    pen.fillText(this.run.scale === "time" ? "time" : "event", 8, 11);
    for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
      const x = view.x(at);
      pen.fillStyle = colours.line;
      pen.fillRect(x, 4, 1, height);
      const text = this.run.scale === "time" ? sayMoment(at, step, view.to) : String(Math.round(at));
      if (x + 4 + pen.measureText(text).width > LABELS_WIDTH + view.width) continue;
      pen.fillStyle = colours.faint;
      pen.fillText(text, x + 4, 11);
    }
  }

  #drawLabels() {
    const { pen, rowHeight: high } = this;
    this.run.rows.forEach((row, number) => {
      if (number % 2 === 1) {
        pen.fillStyle = this.colours.panel;
        pen.globalAlpha = 0.6;
        pen.fillRect(0, 3 + number * high, LABELS_WIDTH + this.view.width, high);
        pen.globalAlpha = 1;
      }
      if (high < 14 && number % 2 === 1) return;
      pen.fillStyle = this.colours.faint;
      const more = row.processes.length > 1 ? "…" + row.processes.at(-1) : "";
      pen.fillText(`process ${row.processes[0]}${more}`, 8, 3 + (number + 0.5) * high, LABELS_WIDTH - 12);
    });
  }

  #drawRow(row) {
    const { run, view } = this, operations = run.rows[row].operations, right = LABELS_WIDTH + view.width;
    // A pixel that several short operations share, with the worst of them.
    let pixel = -1, worst = 0, isFaded = false;
    const flush = () => {
      if (pixel >= 0) this.#fill(row, pixel, 1.5, worst, isFaded);
      pixel = -1;
    };
    for (let n = run.firstInRow(row, view.from); n < operations.length; n++) {
      const place = operations[n], from = view.x(run.start[place]);
      if (from > right) break;
      const to = view.x(run.end[place]), kind = run.kind[place];
      const faded = run.placed !== null && !run.placed[place] && !run.marked.has(place);
      if (to - from >= 2 || (kind === 3 && view.span * 20 < run.bounds[1] - run.bounds[0])) {
        flush();
        this.#bar(row, place, from, to, faded);
        continue;
      }
      const at = Math.floor(from);
      if (at !== pixel) {
        flush();
        [pixel, worst, isFaded] = [at, kind, faded];
      } else {
        worst = Math.max(worst, kind);
        isFaded &&= faded;
      }
    }
    flush();
  }

  #fill(row, from, width, kind, isFaded) {
    const { pen, rowHeight: high } = this, gap = high > 12 ? 3 : 1;
    pen.globalAlpha = isFaded ? FADED : 1;
    pen.fillStyle = this.colours.outcome[kind];
    pen.fillRect(from, 3 + row * high + gap, width, high - 2 * gap);
  }

  // One operation that is wide enough to be seen: a refusal is hollow, an unknown end fades.
  #bar(row, place, from, to, faded) {
    const { pen, rowHeight: high, colours } = this, gap = high > 12 ? 3 : 1;
    const kind = this.run.kind[place], y = 3 + row * high + gap, tall = high - 2 * gap;
    const left = Math.max(from, LABELS_WIDTH - 4), width = Math.max(Math.min(to, LABELS_WIDTH + this.view.width + 4) - left, 2);
    pen.globalAlpha = faded ? FADED : 1;
    pen.fillStyle = colours.outcome[kind];
    if (kind === 1 || kind === 2) {
      pen.globalAlpha *= kind === 1 ? 0.25 : 0.12;
      pen.fillRect(left, y, width, tall);
      pen.globalAlpha = faded ? FADED : 1;
      pen.strokeStyle = colours.outcome[kind];
      pen.lineWidth = 1.5;
      pen.strokeRect(left + 0.75, y + 0.75, Math.max(width - 1.5, 1), tall - 1.5);
    } else if (kind === 3) {
      const tail = Math.max(width, 34), fade = pen.createLinearGradient(left, 0, left + tail, 0);
      fade.addColorStop(0, colours.outcome[3]);
      fade.addColorStop(1, "transparent");
      pen.fillStyle = fade;
      pen.fillRect(left, y, tail, tall);
    } else {
      pen.fillRect(left, y, width, tall);
    }
    if (high >= 16 && width > 40) {
      pen.fillStyle = kind === 0 ? colours.ground : colours.text;
      pen.fillText(this.run.name(place), left + 5, y + tall / 2 + 0.5, width - 9);
    }
    pen.globalAlpha = 1;
  }

  #outline(place, colour) {
    const { pen, view, run, rowHeight: high } = this;
    const from = view.x(run.start[place]), to = Math.max(view.x(run.end[place]), from + 4);
    pen.strokeStyle = colour;
    pen.lineWidth = 2;
    pen.strokeRect(from - 2, 3 + run.row[place] * high + 1, to - from + 4, high - 2);
  }

  // No order gets past this moment.
  #drawBlocked(pen, height, text) {
    if (this.run.blocked === null) return;
    const x = this.view.x(this.run.end[this.run.blocked]);
    if (x < LABELS_WIDTH || x > LABELS_WIDTH + this.view.width) return;
    const colour = getComputedStyle(document.documentElement).getPropertyValue("--marked");
    pen.fillStyle = colour;
    pen.fillRect(x - 1, text ? 18 : 0, 2, height);
    if (!text) return;
    const width = pen.measureText(text).width + 10, left = Math.min(x, LABELS_WIDTH + this.view.width - width);
    pen.fillRect(left, 2, width, 18);
    pen.fillStyle = "#fff";
    pen.fillText(text, left + 5, 11.5);
  }

  // Scrolls a frame until a row is in it.
  reveal(row, frame) {
    const top = 3 + row * this.rowHeight;
    if (top < frame.scrollTop || top + this.rowHeight > frame.scrollTop + frame.clientHeight) {
      frame.scrollTop = top - frame.clientHeight / 2;
    }
  }

  // The operation at a place of the canvas; null if there is none.
  at(x, y) {
    const { run, view } = this, row = Math.floor((y - 3) / this.rowHeight);
    if (row < 0 || row >= run.rows.length || x < LABELS_WIDTH) return null;
    const operations = run.rows[row].operations, slack = 4 * (view.span / view.width);
    const moment = view.value(x);
    let best = null, least = slack;
    for (let n = run.firstInRow(row, moment - slack); n < operations.length; n++) {
      const place = operations[n];
      if (run.start[place] > moment + slack) break;
      const away = Math.max(run.start[place] - moment, moment - run.end[place], 0);
      if (away <= least) [best, least] = [place, away];
    }
    return best;
  }
}
