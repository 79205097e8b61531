// Shows one operation in full. Fills in text only, never markup, so that nothing that a
// history holds can become part of the page.

const SAID = { ok: "answered", rejected: "refused", fail: "never happened", unknown: "outcome unknown" };

function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

function showDetails(panel, run, place) {
  if (place === null) {
    panel.replaceChildren(element("p", "faint", "Click an operation, or press → to step through them."));
    return;
  }
  const it = run.operation(place);
  const why = run.needs?.get(place);
  const parts = [
    element("h3", "", element("i", "swatch " + it.outcome), ` ${it.name} `, element("span", "faint", SAID[it.outcome])),
  ];
  if (why && why !== "fits") parts.push(element("p", "why", "✗ does not fit: " + why));
  else if (run.marked.has(place)) parts.push(element("p", "why", "✗ part of the contradiction"));
  parts.push(facts(it), ...value("Arguments", it.input), ...value("Result", it.result), ...sceneOf(run, it));
  panel.replaceChildren(...parts);
}

function facts(it) {
  const list = element("dl", "pairs");
  const add = (name, text) => {
    if (text !== null && text !== undefined && text !== "") list.append(element("dt", "", name), element("dd", "", String(text)));
  };
  const time = (ns) => (ns === null ? null : (ns / 1e9).toFixed(6) + " s");
  add("Operation", `#${it.index}, line ${it.line}`);
  add("Process", it.process);
  add("Key", it.key);
  add("Revision", it.revision);
  add("Answered by", it.node === null ? null : `node ${it.node}`);
  add("Request", it.request && it.request.replace("/", ", sequence ").replace(/^/, "client "));
  add("Asked at", time(it.invokedNs));
  if (it.outcome !== "unknown" && it.completedNs !== null && it.invokedNs !== null) {
    add("Took", sayTime(it.completedNs - it.invokedNs));
  }
  return list;
}

// A value in lines, where it still is whole.
function value(name, text) {
  if (text === null || text === "null") return [];
  let shown = text;
  try { shown = readable(JSON.parse(text), ""); } catch { /* It was cut off: shown as it is. */ }
  return [element("h4", "", name), element("pre", "", shown)];
}

// JSON with what is short in one line.
function readable(it, indent) {
  const flat = JSON.stringify(it);
  if (flat.length + indent.length <= 46 || it === null || typeof it !== "object") return flat;
  const more = indent + "  ";
  const parts = Array.isArray(it)
    ? it.map((item) => more + readable(item, more))
    : Object.entries(it).map(([name, item]) => `${more}${JSON.stringify(name)}: ${readable(item, more)}`);
  const [open, close] = Array.isArray(it) ? "[]" : "{}";
  return `${open}\n${parts.join(",\n")}\n${indent}${close}`;
}

// What was there before and after: lines that went, came and stayed.
function sceneOf(run, it) {
  const title = element("h4", "", "State around it");
  if (!it.scene) {
    const reason = it.outcome === "fail" ? "It never happened."
      : run.placed && !run.placed[it.index - run.first] ? "No order that fits goes as far as this operation."
      : it.outcome === "unknown" ? "It need not have taken effect."
      : run.total > run.data.scenes_max ? `Kept for ${run.data.scenes_max} operations, around the violation or at the beginning.`
      : "No order of the operations was found.";
    return [title, element("p", "faint", reason)];
  }
  const { before, after, maybe, misfit } = it.scene;
  const gone = before.filter((line) => !after.includes(line)), kept = new Set(before);
  const came = after.filter((line) => !kept.has(line));
  const lines = [...new Set([...before, ...after])].sort((left, right) => compare(pathOf(left), pathOf(right)));
  const list = element("ul", "scene");
  for (const line of lines) {
    const sign = gone.includes(line) ? "−" : came.includes(line) ? "+" : " ";
    list.append(element("li", sign === "−" ? "gone" : sign === "+" ? "came" : "", element("b", "", sign), line));
  }
  const note = misfit ? "What it was held against, after the longest order that fits:"
    : gone.length + came.length === 0 ? "It changed nothing here:" : "− before, + after:";
  return [title, element("p", "faint", maybe ? note + " (one of several states that are possible)" : note), list];
}

const pathOf = (line) => line.split(" (")[0];
const compare = (left, right) => (left < right ? -1 : left > right ? 1 : 0);
