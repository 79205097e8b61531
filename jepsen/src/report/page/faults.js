// What the nemesis did: faults with a beginning and an end, moments, and who led when.

const DOWN = ["kill", "power-loss", "crash", "stop", "wipe"];
const ENDED_BY = {
  restart: DOWN, start: DOWN,
  resume: ["pause"], heal: ["partition"],
};
// Remarks for checkers.
const SILENT = new Set(["took_effect"]);

// Faults as { name, from, to, isOpen, lane }, moments as { name, at }, leaders as { node, from, to }.
function readFaults(run) {
  const last = run.bounds[1];
  const at = (fault) => (run.scale === "time" ? fault.time_ns ?? 0 : fault.position);
  const intervals = [], moments = [], leaders = [];
  const close = (fits, fault) => {
    const open = intervals.findLast((it) => it.isOpen && fits(it));
    if (open) [open.to, open.isOpen] = [at(fault), false];
    return open !== undefined;
  };
  const beginnings = new Set(Object.values(ENDED_BY).flat());
  const ended = new Set(run.faults.filter((it) => it.function === "end").map((it) => it.value?.fault));
  for (const fault of run.faults) {
    const { function: name, value } = fault, node = value?.node;
    if (SILENT.has(name) || (name === "end" && !value?.fault)) continue;
    if (name === "leader") {
      if (leaders.length > 0) leaders.at(-1).to = at(fault);
      leaders.push({ node, term: value?.term, from: at(fault), to: last });
    } else if (name === "end") {
      close((it) => it.kind === value.fault, fault);
    } else if (ENDED_BY[name]) {
      const ends = (it) => ENDED_BY[name].includes(it.kind) && (!node || !it.node || it.node === node);
      if (!close(ends, fault)) moments.push({ name: sayFault(name, node), at: at(fault) });
    } else if (beginnings.has(name) || ended.has(name)) {
      intervals.push({ name: sayFault(name, node), kind: name, node, from: at(fault), to: last, isOpen: true });
    } else {
      moments.push({ name: sayFault(name, node), at: at(fault) });
    }
  }
  return { intervals, moments, leaders, lanes: assignLanes(intervals) };
}

function sayFault(name, node) {
  return name.replaceAll("_", " ") + (node ? ` node ${node}` : "");
}

// Faults at the same time go into different lanes, of which there are few.
function assignLanes(intervals) {
  const ends = [];
  for (const it of intervals) {
    let lane = ends.findIndex((end) => end <= it.from);
    if (lane < 0) lane = Math.min(ends.length, 3);
    ends[lane] = Math.max(ends[lane] ?? 0, it.to);
    it.lane = lane;
  }
  return ends.length;
}
