// Shows one operation in full. Fills in text only, never markup, so that nothing that a
// history holds can become part of the page.
"use strict";

function showDetails(panel, operation, needs) {
  const list = document.createElement("dl");
  const add = (name, value) => {
    if (value === null || value === undefined || value === "") return;
    const term = document.createElement("dt");
    const text = document.createElement("dd");
    term.textContent = name;
    text.textContent = value;
    text.className = "values";
    list.append(term, text);
  };
  const milliseconds = (ns) => (ns === null ? null : (ns / 1e6).toFixed(3) + " ms");
  add("operation", `${operation.function} by process ${operation.process} (line ${operation.line})`);
  add("key", operation.key);
  add("arguments", operation.input);
  add("outcome", operation.outcome);
  add("result", operation.result);
  add("revision", operation.revision);
  add("answered by", operation.node === null ? null : `node ${operation.node}`);
  add("request", operation.request && `client ${operation.request[0]}, sequence ${operation.request[1]}`);
  add("invoked", milliseconds(operation.invokedNs));
  add("ended", milliseconds(operation.completedNs));
  add("does not fit", needs);
  panel.replaceChildren(list);
}
