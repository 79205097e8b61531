// Which operation is chosen, and how to get to the next one. Its index is the page's address.

class Selection {
  constructor(view, changed, reveals) {
    [this.view, this.run, this.changed, this.reveals] = [view, view.run, changed, reveals];
    this.place = null;
  }

  choose(place) {
    this.place = place;
    if (place !== null) this.reveals(this.run.row[place]);
    const address = place === null ? " " : "#op=" + (place + this.run.first);
    history.replaceState(null, "", place === null ? location.pathname + location.search : address);
    this.changed();
    this.view.changed();
  }

  center(place) {
    this.view.center(place);
    this.choose(place);
  }

  // To the operation that began before or after, over all processes.
  step(by) {
    if (this.run.count === 0) return;
    const from = this.place ?? this.run.blocked ?? this.#firstSeen() - by;
    this.#reveal(Math.min(Math.max(from + by, 0), this.run.count - 1));
  }

  // To the operation of the process above or below that is nearest in time.
  stepRow(by) {
    if (this.place === null) return this.step(1);
    const row = this.run.row[this.place] + by;
    if (row < 0 || row >= this.run.rows.length) return;
    const operations = this.run.rows[row].operations, moment = this.run.start[this.place];
    const n = this.run.firstInRow(row, moment);
    const next = operations[n + 1];
    const isNextNearer = next !== undefined &&
      Math.abs(this.run.start[next] - moment) < Math.abs(this.run.start[operations[n]] - moment);
    this.#reveal(isNextNearer ? next : operations[n]);
  }

  #firstSeen() {
    const at = this.run.start.findIndex((start) => start >= this.view.from);
    return Math.max(at, 0);
  }

  #reveal(place) {
    this.view.reveal(place);
    this.choose(place);
  }

  // What the page's address names. Says whether it does.
  follow(note) {
    const named = /^#op=(\d+)$/.exec(location.hash);
    if (!named) return false;
    const place = this.run.placeOf(Number(named[1]));
    if (place === null) {
      note.textContent = `Operation ${named[1]} is not drawn in this page.`;
      return true;
    }
    this.center(place);
    return true;
  }
}
