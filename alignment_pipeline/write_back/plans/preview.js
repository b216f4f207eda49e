"use strict";
// The plan page: search, groups and pages over all changes. Values are only ever shown as text.
(async () => {
  const PAGE = 50;
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent.trim()), (one) => one.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const plan = JSON.parse(await new Response(stream).text());
  const unpack = (gaps) => { let at = 0; return gaps.map((gap) => (at += gap)); };
  const records = plan.ids.map((id, n) => ({ id, object: plan.objects[plan.of[n]], name: plan.names[n], verb: plan.verbs[plan.did[n]], fields: [] }));
  plan.columns.forEach((column, place) => {
    column.label = column.label || column.field;
    unpack(column.r).forEach((n, at) => records[n].fields.push([place, column.b[at], column.a[at], column.w[at]]));
  });
  const groups = plan.groups.map((group) => ({ title: group.t, records: unpack(group.r) }));
  const said = (value) => {
    if (value === null || value === "") return "empty";
    if (value === true) return "yes";
    if (value === false) return "no";
    return plan.people[value] ? `${plan.people[value]} (${value})` : String(value);
  };
  const why = (record, reason) => {
    if (typeof reason !== "number") return reason;
    if (reason < 0) return why(record, record.fields.find(([place]) => place === -reason - 1)[3]);
    const other = record.fields.find(([place]) => place === reason);
    return other ? String(other[2] ?? "") : "";
  };
  const make = (tag, text, name) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (name) node.className = name;
    return node;
  };
  // records of the first groups first, then those of no group
  const order = [...new Set([...groups.flatMap((group) => group.records), ...records.keys()])];
  let chosen = null;
  let wanted = "";
  let at = 0;
  const texts = new Map();
  const textOf = (n) => {
    if (!texts.has(n)) {
      const record = records[n];
      const parts = [record.name, record.id, record.object];
      record.fields.forEach(([place, before, after, reason]) => parts.push(plan.columns[place].label, said(before), said(after), why(record, reason)));
      texts.set(n, parts.join("\n").toLowerCase());
    }
    return texts.get(n);
  };
  const found = () => {
    const among = chosen === null ? order : groups[chosen].records;
    if (!wanted) return among;
    const words = wanted.toLowerCase();
    return among.filter((n) => textOf(n).includes(words));
  };
  const list = document.getElementById("changes");
  const status = make("p", "", "status");
  status.setAttribute("role", "status");
  const search = make("input");
  search.type = "search";
  search.id = "search";
  const label = make("label", "Find a name, an id, a field or a word of a reason: ");
  label.htmlFor = "search";
  const bar = make("div", undefined, "bar");
  const back = make("button", "Previous");
  const next = make("button", "Next");
  const all = make("button", "Show all");
  [back, next, all].forEach((button) => { button.type = "button"; });
  bar.append(label, search, back, next, all);
  list.before(bar, status);

  const show = () => {
    const rows = found();
    at = Math.max(0, Math.min(at, Math.floor((rows.length - 1) / PAGE) * PAGE));
    const page = rows.slice(at, at + PAGE);
    list.replaceChildren(...page.map((n) => card(records[n])));
    const about = chosen === null ? "" : ` of "${groups[chosen].title}"`;
    status.textContent = rows.length ? `Records ${at + 1} to ${at + page.length} of ${rows.length}${about}.` : `No record${about} contains this.`;
    back.disabled = at === 0;
    next.disabled = at + PAGE >= rows.length;
    all.disabled = chosen === null && !wanted;
    document.querySelectorAll("#groups button").forEach((button, n) => button.setAttribute("aria-pressed", String(n === chosen)));
  };
  const card = (record) => {
    const section = make("section", undefined, "record");
    section.append(make("h3", `${record.object} ${record.name || record.id}`));
    section.append(make("p", `${record.verb}${record.name ? `, ${record.id}` : ""}`, "id"));
    const table = make("table");
    const head = make("tr");
    ["Field", "Before", "After", "Why"].forEach((title) => { const cell = make("th", title); cell.scope = "col"; head.append(cell); });
    table.append(head);
    record.fields.forEach(([place, before, after, reason]) => {
      const row = make("tr");
      const reasonText = why(record, reason);
      row.append(make("td", plan.columns[place].label), make("td", said(before), "before"), make("td", said(after), "after"));
      row.append(make("td", reasonText === after ? "the text itself" : reasonText));
      table.append(row);
    });
    section.append(table);
    return section;
  };
  const choices = document.getElementById("groups");
  const FIRST = 15;
  const rest = groups.length - FIRST;
  choices.replaceChildren(...groups.map((group, n) => {
    const item = make("li");
    item.hidden = n >= FIRST;
    const button = make("button", group.title);
    button.type = "button";
    button.addEventListener("click", () => { chosen = chosen === n ? null : n; at = 0; show(); });
    item.append(button);
    return item;
  }));
  if (rest > 0) {
    const more = make("button", `Show ${rest} more kinds of change`);
    more.type = "button";
    more.addEventListener("click", () => {
      choices.querySelectorAll("li").forEach((item) => { item.hidden = false; });
      more.remove();
    });
    choices.after(more);
  }
  let waits;
  search.addEventListener("input", () => {
    clearTimeout(waits);
    waits = setTimeout(() => { wanted = search.value.trim(); at = 0; show(); }, 150);
  });
  back.addEventListener("click", () => { at -= PAGE; show(); });
  next.addEventListener("click", () => { at += PAGE; show(); });
  all.addEventListener("click", () => { chosen = null; wanted = ""; search.value = ""; at = 0; show(); });
  show();
  document.body.dataset.ready = "yes";
})();
