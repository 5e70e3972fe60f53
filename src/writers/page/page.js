"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);

  /* Amounts are whole minor units, and their sums stay below 2^53, so they are exact. */
  const POOL = 0, SERVICE = 1, UNIT = 2, SPEND = 3, AMOUNT = 4;
  const grouped = (minor) => {
    const digits = String(Math.abs(minor)).padStart(data.digits + 1, "0");
    const whole = digits.slice(0, digits.length - data.digits).replace(/\B(?=(\d{3})+$)/g, ",");
    const rest = data.digits ? "." + digits.slice(-data.digits) : "";
    return (minor < 0 ? "\u2212" : "") + whole + rest;
  };
  const share = (part, whole) => (whole === 0 ? "" : (part / whole * 100).toFixed(1) + " %");
  const sumBy = (lines, column) => {
    const sums = new Map();
    for (const line of lines) sums.set(line[column], (sums.get(line[column]) || 0) + line[AMOUNT]);
    return sums;
  };
  const total = (lines) => lines.reduce((sum, line) => sum + line[AMOUNT], 0);
  const name = (column, id) => data.names[column][id];

  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === "onclick") element.addEventListener("click", value);
      else if (value !== null && value !== undefined) element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  const draw = (tag, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  /* ---- summary ---------------------------------------------------------------------------------------- */

  const allocated = data.lines.filter((line) => line[UNIT] !== data.unallocated);
  const charged = total(allocated);
  const moneyIn = total(data.lines);

  byId("organisation").textContent = data.organisation;
  byId("heading").textContent = `IT cost, ${data.period}`;
  const card = (label, minor, more) => make("div", {}, make("dt", {}, label),
    make("dd", { class: "large" }, grouped(minor)), make("dd", { class: "faint" }, more));
  /* A line may end between the days, and not within one. */
  const day = (text) => make("span", { class: "day" }, text);
  const days = () => make("span", {}, `${data.currency}, `, day(data.first), " to ", day(data.last));
  const cards = [
    card("Money in", moneyIn, days()),
    card("Charged", charged, `${share(charged, moneyIn)} of it`),
    card("Unallocated", moneyIn - charged, charged === moneyIn ? "everything is allocated" : `${share(moneyIn - charged, moneyIn)} has nobody to pay it yet`),
  ];
  const previous = data.beside.find((beside) => beside.kind === "previous");
  if (previous) {
    const before = previous.spend.reduce((sum, minor) => sum + minor, 0);
    cards.push(card(`Change since ${previous.name}`, charged - before, `charged then: ${grouped(before)}`));
  }
  byId("cards").append(...cards);
  if (data.handedBack) {
    const lines = data.handedBack === 1 ? "1 line of the exports is" : `${data.handedBack} lines of the exports are`;
    byId("handed-back").textContent = `${lines} handed back and in no figure here: data/quarantine.csv lists them, with what is wrong.`;
    byId("handed-back").hidden = false;
  }

  /* ---- flow -------------------------------------------------------------------------------------------- */

  /* What charge lines do not keep has no bars: they would say that there is none of it. */
  const COLUMNS = [POOL, SERVICE, UNIT].filter((column) => data.kept[column]);
  const SHOWN = { [POOL]: 12, [SERVICE]: 18, [UNIT]: 14 };
  const BOUGHT = { [POOL]: "What was bought (pools)", [SERVICE]: "What it was spent for (services)", [UNIT]: "Who pays (business units)" };
  const MANY = { [POOL]: "pools", [SERVICE]: "services", [UNIT]: "units" };
  const WIDTH = 1120, BAR = 14, GAP = 13, TOP = 26, LEAST = 2;
  const EDGE = COLUMNS.length === 3 ? [190, 480, 900] : [190, 900];
  const STEPS = [...COLUMNS.keys()].slice(1).map((at) => at - 1);
  let followed = null;

  /* The largest members of a column have a bar of their own, the others share one. */
  const groups = COLUMNS.map((column, at) => {
    const sums = [...sumBy(data.lines, column)].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]) || a[0] - b[0]);
    const most = SHOWN[column], shown = sums.length > most ? sums.slice(0, most - 1) : sums;
    const of = new Map(shown.map(([id], index) => [id, index]));
    const labels = shown.map(([id]) => name(column, id));
    if (shown.length < sums.length) {
      sums.slice(shown.length).forEach(([id]) => of.set(id, shown.length));
      labels.push(`${sums.length - shown.length} others`);
    }
    return { of, labels };
  });
  const groupOf = (line, at) => groups[at].of.get(line[COLUMNS[at]]);
  const flows = (lines, left) => {
    const sums = new Map();
    for (const line of lines) {
      const key = groupOf(line, left) * 1000 + groupOf(line, left + 1);
      sums.set(key, (sums.get(key) || 0) + line[AMOUNT]);
    }
    return sums;
  };

  const layout = () => {
    const links = STEPS.map((left) => flows(data.lines, left));
    const columns = groups.map(({ labels }, at) => labels.map((label, index) => {
      const amount = total(data.lines.filter((line) => groupOf(line, at) === index));
      const side = (map, pick) => [...map].filter(([key]) => pick(key) === index).reduce((sum, [, minor]) => sum + Math.abs(minor), 0);
      const before = at > 0 ? side(links[at - 1], (key) => key % 1000) : 0;
      const after = at < links.length ? side(links[at], (key) => Math.floor(key / 1000)) : 0;
      return { label, amount, size: Math.max(before, after, Math.abs(amount)) };
    }));
    const largest = Math.max(...columns.map((nodes) => nodes.reduce((sum, node) => sum + node.size, 0)), 1);
    const most = Math.max(...columns.map((nodes) => nodes.length));
    const height = Math.max(420, most * 30);
    const scale = (height - most * (GAP + LEAST)) / largest;
    for (const nodes of columns) {
      const used = nodes.reduce((sum, node) => sum + Math.max(node.size * scale, LEAST) + GAP, -GAP);
      let y = TOP + Math.max(0, (height - used) / 2);
      for (const node of nodes) {
        node.height = Math.max(node.size * scale, LEAST);
        node.y = y;
        y += node.height + GAP;
      }
    }
    return { columns, links, scale, height: height + TOP + 20 };
  };
  const picture = COLUMNS.length > 1 ? layout() : null;

  const ribbon = (left, from, to, yFrom, yTo, thickness, extra) => {
    const x0 = EDGE[left] + BAR, x1 = EDGE[left + 1], middle = (x0 + x1) / 2;
    return draw("path", { ...extra, d: `M${x0},${yFrom}C${middle},${yFrom} ${middle},${yTo} ${x1},${yTo}`, "stroke-width": Math.max(thickness, .6) });
  };
  const drawFlow = () => {
    const svg = byId("flow");
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${picture.height}`);
    svg.classList.toggle("follows", followed !== null);
    const parts = followed ? data.lines.filter((line) => groupOf(line, followed.at) === followed.index) : [];
    COLUMNS.map((column) => BOUGHT[column]).forEach((label, at) => {
      const anchor = at === 0 ? "end" : "start";
      svg.append(draw("text", { class: "column", x: at === 0 ? EDGE[0] + BAR : EDGE[at], y: 14, "text-anchor": anchor }, label));
    });
    for (const left of STEPS) {
      const leave = picture.columns[left].map((node) => node.y), arrive = picture.columns[left + 1].map((node) => node.y);
      const part = flows(parts, left);
      const ordered = [...picture.links[left]].sort((a, b) => a[0] - b[0]);
      const drawn = ordered.map(([key, minor]) => {
        const from = Math.floor(key / 1000), to = key % 1000;
        const thickness = Math.abs(minor) * picture.scale;
        const place = { key, minor, from, to, thickness, y0: leave[from], y1: 0 };
        leave[from] += thickness;
        return place;
      });
      drawn.sort((a, b) => a.to - b.to || a.from - b.from).forEach((link) => {
        link.y1 = arrive[link.to];
        arrive[link.to] += link.thickness;
      });
      for (const link of drawn) {
        const middle = link.thickness / 2;
        const path = ribbon(left, link.from, link.to, link.y0 + middle, link.y1 + middle, link.thickness,
          { class: link.minor < 0 ? "link credit" : "link", "data-amount": link.minor, "data-step": left });
        const words = `${picture.columns[left][link.from].label} \u2192 ${picture.columns[left + 1][link.to].label}: ${grouped(link.minor)}`;
        path.append(draw("title", {}, words));
        svg.append(path);
        const minor = part.get(link.key);
        if (minor) {
          const thin = Math.min(Math.abs(minor) * picture.scale, link.thickness);
          svg.append(ribbon(left, link.from, link.to, link.y0 + thin / 2, link.y1 + thin / 2, thin,
            { class: "link part", "data-amount": minor, "data-step": left }));
        }
      }
    }
    picture.columns.forEach((nodes, at) => nodes.forEach((node, index) => {
      const pressed = followed !== null && followed.at === at && followed.index === index;
      const onLeft = at === 0;
      const x = EDGE[at] + (onLeft ? -6 : BAR + 6), y = node.y + node.height / 2;
      const short = node.label.length > 26 ? node.label.slice(0, 25) + "\u2026" : node.label;
      const label = draw("text", { x, y: y + 4, "text-anchor": onLeft ? "end" : "start" }, short + " ");
      if (!onLeft) label.append(draw("tspan", { class: "amount" }, grouped(node.amount)));
      const group = draw("g", { class: "node", role: "button", tabindex: 0, "aria-pressed": pressed, "data-amount": node.amount,
        "data-column": at, "data-index": index, "aria-label": `${node.label}, ${grouped(node.amount)} ${data.currency}` },
      draw("rect", { class: "touch", x: onLeft ? 0 : EDGE[at], y: node.y - GAP / 2, width: onLeft ? EDGE[0] + BAR : 215, height: node.height + GAP }),
      draw("rect", { class: "bar", x: EDGE[at], y: node.y, width: BAR, height: node.height }), label,
      draw("title", {}, `${node.label}: ${grouped(node.amount)}`));
      const follow = (what) => {
        followed = what;
        drawFlow();
        // The bars were drawn anew; the keyboard stays where it was.
        svg.querySelector(`.node[data-column="${at}"][data-index="${index}"]`).focus();
      };
      const choose = () => follow(pressed ? null : { at, index });
      group.addEventListener("click", choose);
      group.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); }
        if (event.key === "Escape" && followed) follow(null);
      });
      svg.append(group);
    }));
    const words = byId("followed");
    words.replaceChildren();
    if (followed) {
      const node = picture.columns[followed.at][followed.index];
      const of = (at) => [...sumBy(parts, COLUMNS[at])].sort((a, b) => b[1] - a[1]).slice(0, 3)
        .map(([id, minor]) => `${name(COLUMNS[at], id)} ${grouped(minor)}`).join(", ");
      const others = [...COLUMNS.keys()].filter((at) => at !== followed.at).map((at) => `${MANY[COLUMNS[at]]}: ${of(at)}`);
      words.append(make("strong", {}, `${node.label}, ${grouped(node.amount)} ${data.currency}. `), `Largest ${others.join("; largest ")}. `,
        make("button", { type: "button", onclick: () => { followed = null; drawFlow(); } }, "Show all"));
    } else {
      words.textContent = "\u00a0";
    }
  };

  /* ---- run, grow, transform ---------------------------------------------------------------------------- */

  /* What nobody said the kind of has a column only where somebody pays for it, or did. */
  const kinds = !data.kept[SPEND] ? [] : data.names[SPEND].filter((_, id) => id < 3 || allocated.some((line) => line[SPEND] === id)
    || data.beside.some((beside) => beside.spend[id]) || data.trend.some(([, spend]) => spend[id]));
  const SHADES = ["run", "grow", "transform", "none"];
  const drawSpend = () => {
    const own = kinds.map((_, id) => total(allocated.filter((line) => line[SPEND] === id)));
    const of = (name, spend) => ({ name, spend: kinds.map((_, id) => spend[id] || 0) });
    const isIn = (beside) => data.trend.some(([name]) => name === beside.name);
    const rows = [...data.beside.filter((beside) => !isIn(beside)).map((beside) => of(beside.name, beside.spend)),
      ...data.trend.map(([name, spend]) => of(name, spend)), { name: data.period, spend: own }];
    const head = make("tr", {}, make("th", { scope: "col" }, "Period"), make("th", { scope: "col" }, "Split"),
      ...kinds.flatMap((kind, id) => [make("th", { scope: "col", class: "number" }, make("span", { class: `key ${SHADES[id]}` }), kind), make("th", { scope: "col", class: "number share" }, "share")]),
      make("th", { scope: "col", class: "number" }, "Total"));
    const body = rows.map((row) => {
      const sum = row.spend.reduce((a, b) => a + b, 0);
      const size = row.spend.reduce((a, b) => a + Math.max(b, 0), 0) || 1;
      const bars = make("div", { class: "bars" }, ...row.spend.map((minor, id) => make("span", { class: SHADES[id], style: `width:${Math.max(minor, 0) / size * 100}%` })));
      return make("tr", {}, make("th", { scope: "row" }, row.name), make("td", {}, bars),
        ...row.spend.flatMap((minor) => [make("td", { class: "number" }, grouped(minor)), make("td", { class: "number share" }, share(minor, sum))]),
        make("td", { class: "number" }, grouped(sum)));
    });
    /* Targets are shares, in tenths of a percent. */
    if (data.targets.some((target) => target !== null)) {
      const bars = make("div", { class: "bars" }, ...data.targets.map((target, id) => make("span", { class: SHADES[id], style: `width:${(target || 0) / 10}%` })));
      body.push(make("tr", { class: "target" }, make("th", { scope: "row" }, "Target"), make("td", {}, bars),
        ...kinds.flatMap((_, id) => [make("td", {}), make("td", { class: "number share" }, data.targets[id] === undefined || data.targets[id] === null ? "" : (data.targets[id] / 10).toFixed(1) + " %")]),
        make("td", {})));
    }
    byId("spend").append(make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
  };

  /* ---- tables -------------------------------------------------------------------------------------------- */

  const ROWS_SHOWN = 25;
  let tables = 0;

  /* columns: label, value of a row (text or minor units), whether it is a number, what a click explains */
  const table = (place, caption, columns, rows, sorted) => {
    let sort = { column: sorted, falling: true }, wanted = "", shown = ROWS_SHOWN;
    const id = `filter-${tables += 1}`;
    const input = make("input", { id, type: "search", placeholder: "part of a name" });
    const count = make("span", { class: "faint", "aria-live": "polite" });
    const more = make("button", { type: "button", onclick: () => { shown = Infinity; fill(); } }, "Show all rows");
    const head = make("tr", {}), body = make("tbody", {}), foot = make("tfoot", {});
    columns.forEach((column, at) => {
      head.append(make("th", { scope: "col", class: column.number ? "number" : null }, make("button", { type: "button", onclick: () => {
        sort = { column: at, falling: sort.column === at ? !sort.falling : Boolean(column.number) };
        fill();
      } }, column.label)));
    });
    const texts = rows.map((row) => columns.filter((column) => !column.number).map((column) => column.value(row)).join(" ").toLowerCase());
    const compare = (a, b) => {
      const [x, y] = [columns[sort.column].value(a), columns[sort.column].value(b)];
      const order = columns[sort.column].number ? (x ?? -Infinity) - (y ?? -Infinity) : x.localeCompare(y, "en");
      return sort.falling ? -order : order;
    };
    const cell = (column, row, tag) => {
      const value = column.value(row);
      if (!column.number) return make(tag, tag === "th" ? { scope: "row" } : {}, value);
      const text = value === null ? "" : grouped(value);
      if (!column.explains || value === null) return make(tag, { class: "number" }, text);
      const opens = () => explain(column.explains(row));
      return make(tag, { class: "number" }, make("button", { type: "button", class: "figure", onclick: opens }, text));
    };
    const fill = () => {
      const passing = rows.filter((_, at) => texts[at].includes(wanted)).sort(compare);
      const seen = passing.slice(0, shown);
      body.replaceChildren(...seen.map((row) => make("tr", {}, ...columns.map((column, at) => cell(column, row, at === 0 ? "th" : "td")))));
      const sums = columns.map((column, at) => {
        if (at === 0) return make("th", { scope: "row" }, "Total");
        if (!column.number) return make("td", {});
        const known = passing.map(column.value).filter((value) => value !== null);
        return make("td", { class: "number" }, known.length ? grouped(known.reduce((a, b) => a + b, 0)) : "");
      });
      foot.replaceChildren(make("tr", {}, ...sums));
      [...head.children].forEach((th, at) => {
        if (at === sort.column) th.setAttribute("aria-sort", sort.falling ? "descending" : "ascending");
        else th.removeAttribute("aria-sort");
      });
      count.textContent = passing.length === rows.length ? `${rows.length} rows` : `${passing.length} of ${rows.length} rows`;
      more.hidden = seen.length === passing.length;
    };
    input.addEventListener("input", () => { wanted = input.value.trim().toLowerCase(); fill(); });
    fill();
    byId(place).append(make("div", { class: "filter" }, make("label", { for: id }, "Filter"), input, count),
      make("div", { class: "wide", role: "region", tabindex: 0, "aria-label": caption }, make("table", {}, make("caption", { class: "hidden" }, caption), make("thead", {}, head), body, foot)), more);
  };

  const collect = (lines, columns) => {
    const rows = new Map();
    for (const line of lines) {
      const key = columns.map((column) => line[column]).join(" ");
      let row = rows.get(key);
      if (!row) {
        row = { wanted: Object.fromEntries(columns.map((column) => [column, line[column]])), amount: 0, spend: kinds.map(() => 0) };
        rows.set(key, row);
      }
      row.amount += line[AMOUNT];
      if (line[SPEND] < kinds.length) row.spend[line[SPEND]] += line[AMOUNT];
    }
    return [...rows.values()];
  };
  const before = new Map((previous ? previous.places : []).map(([unit, service, minor]) => [`${unit} ${service}`, minor]));
  const beforeOf = (wanted) => {
    if (!previous) return null;
    if (UNIT in wanted && SERVICE in wanted) return before.get(`${wanted[UNIT]} ${wanted[SERVICE]}`) || 0;
    const column = UNIT in wanted ? 0 : 1, id = UNIT in wanted ? wanted[UNIT] : wanted[SERVICE];
    return previous.places.reduce((sum, place) => sum + (place[column] === id ? place[2] : 0), 0);
  };
  const amounts = [
    ...kinds.map((kind, id) => ({ label: kind, number: true, value: (row) => row.spend[id] })),
    ...(previous ? [
      { label: previous.name, number: true, value: (row) => row.before },
      { label: "change", number: true, value: (row) => row.amount - row.before },
    ] : []),
    { label: data.period, number: true, value: (row) => row.amount, explains: (row) => row.wanted },
  ];
  const named = (label, column) => ({ label, value: (row) => name(column, row.wanted[column]) });
  /* What there was then and is not now has a row, so that the column of then adds up. */
  const gone = (previous ? previous.places : []).map(([unit, service]) => ({ [UNIT]: unit, [SERVICE]: service, [SPEND]: kinds.length, [AMOUNT]: 0 }));
  const rowsOf = (columns) => collect([...data.lines, ...gone], columns).map((row) => ({ ...row, before: beforeOf(row.wanted) }));

  /* ---- explanations -------------------------------------------------------------------------------------- */

  const LABELS = { [POOL]: "pool", [SERVICE]: "service", [UNIT]: "business_unit" };
  const dialog = byId("explanation");
  const matching = (wanted) => {
    const columns = Object.keys(wanted).map(Number);
    return data.lines.filter((line) => columns.every((column) => line[column] === wanted[column]));
  };
  const list = (heading, rows) => [make("h3", {}, heading), make("table", {}, make("tbody", {}, ...rows))];
  const row = (words, minor, whole, wanted) => make("tr", {}, make("td", {}, words),
    make("td", { class: "number" }, wanted ? make("button", { type: "button", class: "figure", onclick: () => explain(wanted) }, grouped(minor)) : grouped(minor)),
    make("td", { class: "number faint" }, share(minor, whole)));
  const split = (lines, column, wanted) => [...sumBy(lines, column)].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]) || a[0] - b[0])
    .map(([id, minor]) => row(name(column, id), minor, total(lines), column === POOL ? null : { ...wanted, [column]: id }));
  const sentence = (hop) => {
    const rule = data.rules[hop[0]];
    const why = rule.why ? ` (${rule.why})` : "";
    const item = make("li", {}, make("strong", {}, grouped(hop[2])), " came by rule ", make("code", {}, rule.id), `${why}: ${data.texts[hop[1]]}`);
    if (hop[3].length) item.append(make("ol", {}, ...sentences(hop[3], hop[2])));
    return item;
  };
  /* Hops that are not listed, and money that entered where the hop began, so that a list adds up. */
  const sentences = (hops, whole) => {
    const rest = whole - hops.reduce((sum, hop) => sum + hop[2], 0);
    const items = hops.map(sentence);
    if (rest !== 0) items.push(make("li", { class: "faint" }, `${grouped(rest)} entered there, or came in smaller parts`));
    return items;
  };

  /* Whether a unit and a service are wanted, or the one of them that charge lines keep. */
  const isPlace = (wanted) => [UNIT, SERVICE].every((column) => !data.kept[column] || column in wanted);

  function explain(wanted) {
    const lines = matching(wanted), sum = total(lines);
    const columns = [UNIT, SERVICE].filter((column) => column in wanted);
    byId("e-heading").textContent = columns.map((column) => name(column, wanted[column])).join(" \u00b7 ");
    const body = byId("e-body");
    const then = beforeOf(wanted);
    body.replaceChildren(make("p", {}, make("strong", {}, `${grouped(sum)} ${data.currency}`), ` in ${data.period}`,
      then === null ? "" : `, ${grouped(then)} in ${previous.name}`));
    const isOne = isPlace(wanted) && lines.length > 0 && lines.every((line) => line[UNIT] === lines[0][UNIT]);
    const found = isOne ? data.explanations[`${lines[0][UNIT]} ${lines[0][SERVICE]}`] : null;
    if (found && found.hops.length) body.append(make("h3", {}, "How it came"), make("ol", {}, ...sentences(found.hops, sum)));
    if (found && found.parts.length) {
      const rows = found.parts.map(([text, minor]) => row(data.texts[text], minor, sum));
      if (found.more[0]) rows.push(row(`and ${found.more[0]} more`, found.more[1], sum));
      if (found.rounding) rows.push(row("rounding", found.rounding, sum));
      body.append(...list("Where it began", rows));
    }
    if (!lines.length) body.append(make("p", {}, `Nothing is charged for it in ${data.period}.`));
    else if (isOne && !found && lines[0][UNIT] !== data.unallocated) {
      body.append(make("p", {}, "The page keeps the way of the largest figures only; the command at the end tells that of this one."));
    }
    const isIn = (row) => [[UNIT, row[0]], [SERVICE, row[1]]].every(([column, id]) => !data.kept[column] || wanted[column] === id);
    const why = data.moved && isPlace(wanted) ? data.moved.rows.find(isIn) : null;
    if (why && why[2] !== why[3]) {
      const causes = [...data.moved.causes.map((cause, at) => [cause, why[4][at]]), ["rounding", why[5]]].filter(([, minor]) => minor);
      body.append(...list(`Why it changed since ${data.moved.from}`, causes.map(([cause, minor]) => row(cause, minor, 0))));
    }
    if (lines.length) explainLines(wanted, lines, columns);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  }

  function explainLines(wanted, lines, columns) {
    const body = byId("e-body");
    const by = (column, heading) => { if (data.kept[column] && !(column in wanted)) body.append(...list(heading, split(lines, column, wanted))); };
    by(SERVICE, "By service");
    by(UNIT, "By business unit");
    by(POOL, "By pool");
    if (!(UNIT in wanted && wanted[UNIT] === data.unallocated)) {
      const of = columns.filter((column) => data.isNamed[column][wanted[column]]).map((column) => ` --of ${LABELS[column]}="${name(column, wanted[column])}"`).join("");
      body.append(make("h3", {}, "Down to the rows of the exports"), make("p", {}, make("code", {}, `showback explain --period ${data.period}${of} --rows`)));
    }
  }

  byId("e-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  /* ---- the statement of one unit ------------------------------------------------------------------------- */

  const LARGEST = 5;
  const figures = (caption, columns, rows, sum) => make("div", { class: "wide", role: "region", tabindex: 0, "aria-label": caption },
    make("table", {}, make("caption", { class: "hidden" }, caption),
      make("thead", {}, make("tr", {}, ...columns.map((column, at) => make("th", { scope: "col", class: at ? "number" : null }, column)))),
      make("tbody", {}, ...rows.map(([label, ...minor]) => make("tr", {}, make("th", { scope: "row" }, label), ...minor.map(amountCell)))),
      sum ? make("tfoot", {}, make("tr", {}, make("th", { scope: "row" }, "Total"), ...sum.map(amountCell))) : null));
  const amountCell = (value) => make("td", { class: "number" }, typeof value === "number" ? grouped(value) : value ?? "");
  const added = (rows) => rows.length ? rows[0].slice(1).map((_, at) => rows.reduce((sum, row) => sum + (Number(row[at + 1]) || 0), 0)) : null;

  /* Services with what they cost then and now; those that ended have a row, too. */
  const servicesOf = (units) => {
    const now = sumBy(allocated.filter((line) => units.includes(line[UNIT])), SERVICE);
    const then = new Map();
    for (const [unit, service, minor] of previous ? previous.places : []) if (units.includes(unit)) then.set(service, (then.get(service) || 0) + minor);
    return [...new Set([...now.keys(), ...then.keys()])].map((service) => ({ service, now: now.get(service) || 0, then: then.get(service) || 0 }))
      .sort((a, b) => b.now - a.now || b.then - a.then || a.service - b.service);
  };
  const whyOf = (units) => {
    /* Of several units, what moved one service is added up. */
    const byService = new Map();
    for (const [unit, service, before, after, effects, rounding] of data.moved.rows) {
      if (!units.includes(unit)) continue;
      const sum = byService.get(service) || [0, service, 0, 0, effects.map(() => 0), 0];
      byService.set(service, [0, service, sum[2] + before, sum[3] + after, sum[4].map((effect, at) => effect + effects[at]), sum[5] + rounding]);
    }
    const rows = [...byService.values()].filter((row) => row[2] !== row[3] || row[4].some((effect) => effect));
    const causes = [...data.moved.causes.keys()].filter((at) => rows.some((row) => row[4][at]));
    const hasRounding = rows.some((row) => row[5]);
    const shown = rows.map((row) => [name(SERVICE, row[1]), ...causes.map((at) => row[4][at]), ...(hasRounding ? [row[5]] : []), row[3] - row[2]])
      .sort((a, b) => Math.abs(b[b.length - 1]) - Math.abs(a[a.length - 1]));
    const labels = ["Service", ...causes.map((at) => data.moved.causes[at]), ...(hasRounding ? ["rounding"] : []), "change"];
    const sum = added(shown);
    const quiet = shown.map(([label, ...minor]) => [label, ...minor.map((value) => value || "\u2013")]);
    const place = figures("Causes of the change by service", labels, quiet, sum);
    place.classList.add("causes");
    return rows.some((row) => row[2] === 0 && row[3] === 0) ? [place, make("p", { class: "faint" }, data.moved.cancelled)] : [place];
  };
  const unitsOf = (units, lines) => {
    const now = sumBy(lines, UNIT);
    const then = (unit) => beforeOf({ [UNIT]: unit }) || 0;
    const rows = units.map((unit) => [name(UNIT, unit), ...(previous ? [then(unit), (now.get(unit) || 0) - then(unit)] : []), now.get(unit) || 0]);
    rows.sort((a, b) => b[b.length - 1] - a[a.length - 1]);
    return figures("Units below this one", ["Business unit", ...(previous ? [previous.name, "change"] : []), data.period], rows, added(rows));
  };
  const statement = ({ label, units }) => {
    const lines = allocated.filter((line) => units.includes(line[UNIT])), services = servicesOf(units), body = byId("statement-body");
    const isOne = units.length === 1;
    const now = total(lines), then = services.reduce((sum, row) => sum + row.then, 0);
    byId("h-statement").textContent = label;
    const cards = [card("Charged", now, days())];
    if (previous) cards.push(card(`Change since ${previous.name}`, now - then, `charged then: ${grouped(then)}`));
    const byKind = sumBy(lines, SPEND);
    kinds.forEach((kind, id) => cards.push(card(kind, byKind.get(id) || 0, share(byKind.get(id) || 0, now))));
    const opens = (row) => isOne ? make("button", { type: "button", class: "figure", onclick: () => explain({ [UNIT]: units[0], [SERVICE]: row.service }) }, grouped(row.now)) : grouped(row.now);
    const rows = services.map((row) => [name(SERVICE, row.service), ...(previous ? [row.then, row.now - row.then] : []), row.now]);
    const shown = services.map((row, at) => [...rows[at].slice(0, -1), opens(row)]);
    const columns = ["Service", ...(previous ? [previous.name, "change"] : []), data.period];
    const byService = data.kept[SERVICE];
    body.replaceChildren(make("p", { class: "faint" }, `IT statement ${data.period}, amounts in ${data.currency}`), make("dl", { class: "cards" }, ...cards),
      ...(isOne ? [] : [make("h3", {}, "Who it is for"), unitsOf(units, lines)]),
      ...(byService ? [make("h3", {}, "What it is for"), figures("Services of this unit", columns, shown, added(rows))] : []));
    if (data.moved && byService) body.append(make("h3", {}, `Why it changed since ${data.moved.from}`), ...whyOf(units));
    const places = units.flatMap((unit) => (isOne ? services : servicesOf([unit])).map((row) => ({ ...row, unit })));
    const largest = places.filter((row) => data.explanations[`${row.unit} ${row.service}`]).sort((a, b) => b.now - a.now).slice(0, LARGEST);
    if (largest.length) body.append(make("h3", {}, "How the largest amounts came"));
    for (const row of largest) {
      const found = data.explanations[`${row.unit} ${row.service}`];
      const of = [...(isOne && byService ? [] : [name(UNIT, row.unit)]), ...(byService ? [name(SERVICE, row.service)] : []), grouped(row.now)];
      body.append(make("p", {}, make("strong", {}, of.join(", "))));
      if (found.hops.length) body.append(make("ol", {}, ...sentences(found.hops.map((hop) => [hop[0], hop[1], hop[2], []]), row.now)));
      else body.append(...found.parts.slice(0, 1).map(([text, minor]) => make("p", {}, `${grouped(minor)}: ${data.texts[text]}`)));
    }
  };
  const select = byId("unit");
  const payers = [...sumBy(allocated, UNIT).keys()].map((unit) => ({ label: name(UNIT, unit), units: [unit] }))
    .sort((a, b) => a.label.localeCompare(b.label, "en"));
  const above = data.groups.map(([label, units]) => ({ label, units }));
  const choices = [...payers, ...above];
  const option = (choice) => make("option", { value: choices.indexOf(choice) }, choice.label);
  select.append(make("option", { value: "" }, "all business units"), ...payers.map(option));
  if (above.length) select.append(make("optgroup", { label: "with the units below" }, ...above.map(option)));
  /* The unit stands in the address, so that a link or a print from the command line can name it. */
  const MARK = "#unit=";
  const wantedUnit = () => {
    if (!location.hash.startsWith(MARK)) return undefined;
    try {
      const wanted = decodeURIComponent(location.hash.slice(MARK.length));
      return choices.find((choice) => choice.label === wanted);
    } catch { return undefined; }
  };
  const showUnit = () => {
    const unit = wantedUnit(), isOne = unit !== undefined;
    if (isOne) statement(unit);
    select.value = isOne ? String(choices.indexOf(unit)) : "";
    byId("statement").hidden = !isOne;
    byId("main").classList.toggle("one", isOne);
  };
  select.addEventListener("change", () => {
    location.hash = select.value === "" ? "" : MARK + encodeURIComponent(choices[Number(select.value)].label);
    if (select.value === "") showUnit();
  });
  window.addEventListener("hashchange", showUnit);

  /* ---- the rest ------------------------------------------------------------------------------------------ */

  if (COLUMNS.length > 1) drawFlow();
  drawSpend();
  table("units", "Business units", [named("Business unit", UNIT), ...amounts], rowsOf([UNIT]), amounts.length);
  table("services", "Services", [named("Service", SERVICE), ...amounts], rowsOf([SERVICE]), amounts.length);
  table("places", "Business units and services", [named("Business unit", UNIT), named("Service", SERVICE), ...amounts], rowsOf([UNIT, SERVICE]), amounts.length + 1);
  showUnit();
  /* A table by what charge lines do not keep would say that there is none of it. */
  for (const [column, ...parts] of [[SPEND, "spend"], [SERVICE, "services", "places"], [UNIT, "units", "places"]]) {
    if (!data.kept[column]) parts.forEach((part) => { byId(part).closest("section").hidden = true; });
  }
  byId("unit").hidden = byId("unit-label").hidden = !data.kept[UNIT];
  byId("h-flow").closest("section").hidden = COLUMNS.length < 2;
  if (COLUMNS.length === 2) {
    byId("flow-words").textContent = "Choose a bar to follow its money.";
    byId("flow").setAttribute("aria-label", `Flow of money from ${MANY[COLUMNS[0]]} to ${MANY[COLUMNS[1]]}`);
  }
  byId("footer").textContent = `Run ${data.run} of showback ${data.version}. Every figure is a sum of the charge lines in data/charges.csv; showback verify checks that nothing was changed.`;

  const root = document.documentElement, theme = byId("theme");
  const paint = (dark) => {
    root.dataset.theme = dark ? "dark" : "light";
    theme.textContent = dark ? "Light" : "Dark";
  };
  paint(window.matchMedia("(prefers-color-scheme: dark)").matches);
  theme.addEventListener("click", () => paint(root.dataset.theme !== "dark"));
  byId("print").addEventListener("click", () => window.print());
})();
