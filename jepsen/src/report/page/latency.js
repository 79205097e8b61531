// How long answers took, over time, on a scale of powers of ten, with the faults drawn in.

const LATENCY_HEIGHT = 170;

class Latency {
  constructor(canvas, view) {
    [this.canvas, this.view, this.run] = [canvas, view, view.run];
    if (!this.run.hasTimes) return;
    const { start, end } = this.run.scales.time;
    this.length = Float64Array.from(start, (from, place) => Math.max(end[place] - from, 1000));
    let [least, most] = [Infinity, 0];
    for (let i = 0; i < this.run.count; i++) {
      if (this.run.kind[i] === 3) continue;
      least = Math.min(least, this.length[i]);
      most = Math.max(most, this.length[i]);
    }
    if (most === 0) [least, most] = [1e6, 1e7];
    this.low = Math.floor(Math.log10(least));
    this.high = Math.max(Math.ceil(Math.log10(most)), this.low + 1);
  }

  y(ns) {
    const share = (Math.log10(ns) - this.low) / (this.high - this.low);
    return LATENCY_HEIGHT - 12 - share * (LATENCY_HEIGHT - 46);
  }

  draw(faults, colours, chosen) {
    if (!this.run.hasTimes) return;
    const pen = penOf(this.canvas, LATENCY_HEIGHT);
    tintFaults(pen, this.view, faults, colours, 0, LATENCY_HEIGHT);
    this.#drawAxis(pen, colours);
    pen.save();
    clipToPlot(pen, this.view, 0, LATENCY_HEIGHT);
    this.#drawPoints(pen, colours);
    this.#drawShares(pen, colours);
    if (chosen !== null) {
      pen.strokeStyle = colours.text;
      pen.lineWidth = 2;
      pen.strokeRect(this.view.x(this.run.start[chosen]) - 4, this.#heightOf(chosen) - 4, 8, 8);
    }
    pen.restore();
  }

  #heightOf(place) { return this.run.kind[place] === 3 ? 12 : this.y(this.length[place]); }

  #drawAxis(pen, colours) {
    pen.fillStyle = colours.faint;
    pen.fillText("no answer", 8, 12);
    for (let power = this.low; power <= this.high; power++) {
      const y = this.y(10 ** power);
      pen.fillStyle = colours.line;
      pen.fillRect(LABELS_WIDTH, y, this.view.width, 1);
      pen.fillStyle = colours.faint;
      pen.fillText(sayTime(10 ** power), 8, y);
    }
  }

  // Each point of the screen once, however many operations share it.
  #drawPoints(pen, colours) {
    const { run, view } = this, seen = new Uint8Array((Math.ceil(view.width) + 1) * LATENCY_HEIGHT);
    const size = run.count > 20000 ? 2 : run.count > 500 ? 3 : 6;
    for (let kind = 0; kind < OUTCOMES.length; kind++) {
      pen.fillStyle = colours.outcome[kind];
      pen.globalAlpha = run.count > 2000 && kind === 0 ? 0.55 : 1;
      for (let i = 0; i < run.count; i++) {
        if (run.kind[i] !== kind || run.start[i] < view.from || run.start[i] > view.to) continue;
        const x = Math.floor(view.x(run.start[i])), y = Math.floor(this.#heightOf(i));
        const slot = (x - LABELS_WIDTH) * LATENCY_HEIGHT + y;
        if (seen[slot] === kind + 1) continue;
        seen[slot] = kind + 1;
        pen.fillRect(x - size / 2, y - size / 2, size, kind === 3 ? 8 : size);
      }
    }
    pen.globalAlpha = 1;
  }

  // The median and the 99th percentile of parts of what is seen, where there is enough.
  #drawShares(pen, colours) {
    const { run, view } = this, count = Math.min(60, Math.floor(view.width / 16));
    const bins = Array.from({ length: count }, () => []);
    for (let i = 0; i < run.count; i++) {
      if (run.kind[i] === 3) continue;
      const bin = Math.floor(((run.start[i] - view.from) / view.span) * count);
      if (bin >= 0 && bin < count) bins[bin].push(this.length[i]);
    }
    for (const bin of bins) bin.sort((left, right) => left - right);
    const line = (share, least, colour) => {
      pen.strokeStyle = colour;
      pen.lineWidth = 2;
      pen.beginPath();
      let isDown = false;
      bins.forEach((bin, number) => {
        if (bin.length < least) { isDown = false; return; }
        const x = LABELS_WIDTH + ((number + 0.5) / count) * view.width;
        const y = this.y(bin[Math.min(bin.length - 1, Math.floor(bin.length * share))]);
        isDown ? pen.lineTo(x, y) : pen.moveTo(x, y);
        isDown = true;
      });
      pen.stroke();
    };
    line(0.99, 20, colours.tail);
    line(0.5, 5, colours.median);
  }
}
