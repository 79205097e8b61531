// The run: the page's data as columns that are quick to look through.
// Knows nothing of pixels. An operation is named by its place in the columns.

const OUTCOMES = ["ok", "rejected", "fail", "unknown"];

async function loadRun(element) {
  const bytes = Uint8Array.from(atob(element.textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Run(await new Response(stream).json());
}

class Run {
  constructor(data) {
    const columns = data.columns;
    this.data = data;
    this.count = columns.line.length;
    this.total = data.total;
    this.first = data.first;
    this.faults = data.faults;
    this.violation = data.violation;
    this.kind = Uint8Array.from(columns.outcome, (name) => OUTCOMES.indexOf(name));
    this.hasTimes = this.count > 0 && columns.invoked_ns.every((time) => time !== null);
    this.scales = { order: this.#byOrder(columns) };
    if (this.hasTimes) this.scales.time = this.#byTime(columns);
    this.scale = this.hasTimes ? "time" : "order";
    this.#assignRows(columns.process);
    this.#markViolation();
  }

  get start() { return this.scales[this.scale].start; }
  get end() { return this.scales[this.scale].end; }
  get bounds() { return this.scales[this.scale].bounds; }

  #byOrder(columns) {
    const start = Float64Array.from(columns.invoked);
    const end = Float64Array.from(columns.completed, (at, i) => (at === null ? start[i] + 1 : at));
    return { start, end, bounds: [start[0] ?? 0, Math.max(1, reduceMax(end))] };
  }

  #byTime(columns) {
    const start = Float64Array.from(columns.invoked_ns);
    const end = Float64Array.from(columns.completed_ns, (at, i) => (at === null ? start[i] : at));
    const last = Math.max(reduceMax(end), ...this.faults.map((fault) => fault.time_ns ?? 0));
    const first = Math.min(start[0], 0);
    return { start, end, bounds: [first, Math.max(last, first + 1000)] };
  }

  // A row for each logical client: one whose outcome is unknown goes on as a fresh process.
  #assignRows(processes) {
    const last = new Map(processes.map((process, i) => [process, i]));
    const rowOf = new Map(), free = [];
    this.rows = [];
    this.row = new Int32Array(this.count);
    for (let i = 0; i < this.count; i++) {
      const process = processes[i];
      if (!rowOf.has(process)) {
        const row = free.length > 0 ? free.shift() : this.rows.push({ processes: [], operations: [] }) - 1;
        rowOf.set(process, row);
        this.rows[row].processes.push(process);
      }
      const row = rowOf.get(process);
      this.row[i] = row;
      this.rows[row].operations.push(i);
      if (this.kind[i] === 3 && last.get(process) === i) free.push(row);
    }
    // In the order of their numbers, wherever they began.
    const order = this.rows.map((_, row) => row).sort((left, right) => this.rows[left].processes[0] - this.rows[right].processes[0]);
    const place = new Int32Array(order.length);
    order.forEach((row, at) => { place[row] = at; });
    this.row = this.row.map((row) => place[row]);
    this.rows = order.map((row) => ({ ...this.rows[row], operations: Int32Array.from(this.rows[row].operations) }));
  }

  #markViolation() {
    this.marked = new Set();
    this.placed = null;
    this.blocked = null;
    if (!this.violation) return;
    const { position, prefix, minimal, candidates } = this.violation;
    this.needs = new Map(candidates.map(([index, why]) => [index - this.first, why]));
    const misfits = candidates.filter(([, why]) => why !== "fits").map(([index]) => index);
    for (const place of [...minimal, ...misfits].map((index) => this.placeOf(index))) {
      if (place !== null) this.marked.add(place);
    }
    this.placed = new Uint8Array(this.count);
    for (const index of prefix) this.placed[index - this.first] = 1;
    const at = this.data.columns.completed.indexOf(position);
    this.blocked = at >= 0 ? at : [...this.marked][0] ?? null;
  }

  // The operation of an index of the history; null if it is not drawn.
  placeOf(index) {
    const place = index - this.first;
    return Number.isInteger(place) && place >= 0 && place < this.count ? place : null;
  }

  // Where in a row the first operation is that ends at or after a moment.
  firstInRow(row, moment) {
    const operations = this.rows[row].operations;
    let low = 0, high = operations.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.start[operations[middle]] < moment) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  // Everything that is known of an operation.
  operation(place) {
    const { columns, texts } = this.data;
    const text = (number) => (number === null ? null : texts[number]);
    const scene = this.data.scenes[place + this.first];
    return {
      index: place + this.first, line: columns.line[place], process: columns.process[place],
      name: text(columns.function[place]), key: text(columns.key[place]),
      input: text(columns.input[place]), result: text(columns.result[place]),
      outcome: columns.outcome[place], revision: columns.revision[place], node: columns.node[place],
      request: columns.request[place], invokedNs: columns.invoked_ns[place],
      completedNs: columns.completed_ns[place],
      scene: scene && { before: scene.before.map(text), after: scene.after.map(text), maybe: scene.maybe, misfit: scene.misfit },
    };
  }

  name(place) { return this.data.texts[this.data.columns.function[place]]; }
}

function reduceMax(numbers) {
  let most = 0;
  for (const number of numbers) if (number > most) most = number;
  return most;
}
