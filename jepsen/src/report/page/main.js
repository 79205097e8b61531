// Puts the page together.

const byId = (id) => document.getElementById(id);

async function main() {
  const run = await loadRun(byId("data"));
  const view = new View(run);
  const timeline = new Timeline(byId("head"), byId("body"), view);
  const overview = new Overview(byId("overview"), view);
  const latency = new Latency(byId("latency"), view);
  const selection = new Selection(
    view,
    () => showDetails(byId("details"), run, selection.place),
    (row) => timeline.reveal(row, byId("frame")),
  );
  let colours = readColours(), faults = readFaults(run);

  view.onChange(() => {
    view.width = Math.max(byId("head").clientWidth - LABELS_WIDTH - 8, 50);
    timeline.draw(faults, colours, selection.place);
    overview.draw(faults, colours);
    latency.draw(faults, colours, selection.place);
  });
  const toggleTheme = setUpTheme(byId("theme"), () => { colours = readColours(); view.changed(); });
  const showViolation = () => run.blocked !== null && selection.center(run.blocked);
  const help = byId("help");
  const toggleHelp = () => (help.open ? help.close() : help.showModal());
  const keys = keysOf({ view, selection, showViolation, toggleTheme, toggleHelp });
  for (const key of keys) byId("keys").append(element("dt", "", element("kbd", "", key.say)), element("dd", "", key.does));

  setUpPointer(byId("body"), timeline, view, selection, byId("hint"));
  setUpKeys(keys, help);
  const press = (id, action) => byId(id).addEventListener("click", action);
  press("whole", () => view.showAll());
  press("closer", () => view.zoom(0.6, middle(view, selection)));
  press("farther", () => view.zoom(1 / 0.6, middle(view, selection)));
  press("center", showViolation);
  press("ask", toggleHelp);
  press("done", () => help.close());
  byId("scale").addEventListener("change", (event) => {
    run.scale = event.target.value;
    faults = readFaults(run);
    selection.place === null ? view.showAll() : view.center(selection.place);
    byId("latencies").hidden = run.scale !== "time";
  });
  addEventListener("hashchange", () => selection.follow(byId("note")));
  new ResizeObserver(() => view.changed()).observe(byId("frame"));

  describe(run, timeline);
  showDetails(byId("details"), run, null);
  view.showAll();
  if (!selection.follow(byId("note"))) showViolation();
}

// What this run has, and what it has not.
function describe(run, timeline) {
  const notes = [];
  if (run.count === 0) notes.push("The history has no operations.");
  if (run.count < run.total) {
    notes.push(`The run has ${run.total.toLocaleString("en")} operations; ${run.count.toLocaleString("en")} of them, around the violation or at the beginning, are drawn.`);
  }
  if (!run.hasTimes && run.count > 0) notes.push("The history has no times: operations are drawn in the order of its lines.");
  byId("note").textContent = notes.join(" ");
  byId("center").hidden = run.blocked === null;
  byId("scale").value = run.scale;
  byId("scale").disabled = !run.hasTimes;
  byId("latencies").hidden = !run.hasTimes;
  for (const hidden of document.querySelectorAll(".only-violation")) hidden.hidden = run.blocked === null;
  for (const hidden of document.querySelectorAll(".only-faults")) hidden.hidden = run.faults.length === 0;
  OUTCOMES.forEach((name, kind) => { byId("legend-" + name).hidden = !run.kind.includes(kind); });
  byId("timeline").classList.toggle("empty", run.count === 0);
  byId("frame").style.maxHeight = Math.min(timeline.height, 440) + "px";
}

main().then(
  () => { document.documentElement.dataset.ready = "yes"; },
  (error) => {
    document.documentElement.dataset.ready = "failed: " + error;
    byId("note").textContent = `The timeline cannot be drawn: ${error}. A browser of 2023 or later is needed.`;
  },
);
