// Which part of the run is seen. All drawings share it, and are drawn again when it changes.

const LABELS_WIDTH = 84;

class View {
  constructor(run) {
    this.run = run;
    this.width = 800;
    this.listeners = [];
    this.pending = false;
    [this.from, this.to] = run.bounds;
  }

  onChange(listener) { this.listeners.push(listener); }

  // Draws once a frame, however much has changed.
  changed() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      for (const listener of this.listeners) listener();
    });
  }

  get span() { return this.to - this.from; }
  x(value) { return LABELS_WIDTH + ((value - this.from) / this.span) * this.width; }
  value(x) { return this.from + ((x - LABELS_WIDTH) / this.width) * this.span; }

  show(from, to) {
    const [first, last] = this.run.bounds;
    const least = this.run.scale === "time" ? 1000 : 4;
    const margin = (last - first) * 0.02;
    const most = last - first + 2 * margin, span = Math.min(Math.max(to - from, least), most);
    from = span === most ? first - margin : Math.min(Math.max(from, first - margin), last + margin - span);
    [this.from, this.to] = [from, from + span];
    this.changed();
  }

  showAll() { this.show(-Infinity, Infinity); }

  zoom(factor, around = (this.from + this.to) / 2) {
    this.show(around - (around - this.from) * factor, around + (this.to - around) * factor);
  }

  pan(share) { this.show(this.from + share * this.span, this.to + share * this.span); }

  // Brings an operation into the middle, large enough to be told from its neighbours.
  center(place) {
    const [first, last] = this.run.bounds;
    const start = this.run.start[place], length = this.run.end[place] - start;
    const middle = start + length / 2;
    // About thirty operations around it, if they come evenly.
    const even = ((last - first) / Math.max(this.run.count, 1)) * 30;
    const span = Math.max(length * 3, even);
    this.show(middle - span / 2, middle + span / 2);
  }

  reveal(place) {
    if (this.run.start[place] < this.from || this.run.end[place] > this.to) {
      const middle = (this.run.start[place] + this.run.end[place]) / 2;
      this.show(middle - this.span / 2, middle + this.span / 2);
    }
  }
}

// A length of time with three digits, as short as it can be said.
function sayTime(ns) {
  const [unit, name] = unitOf(Math.abs(ns));
  const value = ns / unit, decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${Number(value.toFixed(decimals))} ${name}`;
}

// A moment on an axis: all of one axis have the same unit and as many decimals as the steps need.
function sayMoment(ns, step, last) {
  const [unit, name] = unitOf(last);
  const decimals = Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9));
  return `${(ns / unit).toFixed(decimals)} ${name}`;
}

function unitOf(ns) {
  return ns < 1e6 ? [1e3, "µs"] : ns < 1e9 ? [1e6, "ms"] : [1e9, "s"];
}
