// Span tree and waterfall. Only the rows in sight exist in the page; text is set as text, never as HTML.
import { ancestors, duration, matches, parent, title, tokens, visible } from "./rows.js";

const ROW_HEIGHT = 28;
const SPARE_ROWS = 8;
const PAGE_ROWS = 15;
const KEYBOARD_PAUSE_MS = 180; // the server hears where the keyboard rests, not every row it passes
const COLORS = {
  agent: "violet", llm: "blue", tool: "green", retriever: "orange", rerank: "orange", embedding: "orange",
  guardrail: "yellow", evaluator: "yellow", prompt: "violet", chain: "gray", span: "gray",
}; // no red: that is an error
const views = new WeakMap();

const element = (tag, className, into, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  into?.appendChild(made);
  return made;
};

class View {
  constructor(host) {
    this.layout = null;
    this.collapsed = new Set();
    this.filter = { text: "", errors: false };
    this.zoom = { from: 0, to: 1 };
    this.selected = -1;
    this.rows = [];
    this.pool = [];
    this.build(host);
    this.listen();
  }

  build(host) {
    this.root = element("div", "root", host);
    const bar = element("div", "bar", this.root);
    this.find = element("input", "find", bar);
    Object.assign(this.find, { type: "search", placeholder: "Find span ( / )" });
    this.find.setAttribute("aria-label", "Find span");
    this.errors = element("button", "errors", bar, "Errors");
    this.errors.setAttribute("aria-pressed", "false");
    this.collapse = element("button", "", bar, "Collapse");
    this.expand = element("button", "", bar, "Expand");
    element("span", "stretch", bar);
    this.reset = element("button", "reset", bar, "Reset zoom");
    this.count = element("span", "count", bar);
    this.minimap = element("canvas", "minimap", this.root);
    this.minimap.title = "Drag to zoom into a part of the trace";
    const head = element("div", "head", this.root);
    element("div", "head-name", head, "Span");
    this.ruler = element("div", "ruler", head);
    this.scroll = element("div", "scroll", this.root);
    this.scroll.tabIndex = 0;
    this.scroll.setAttribute("role", "tree");
    this.scroll.setAttribute("aria-label", "Spans of this trace");
    this.canvas = element("div", "canvas", this.scroll);
    this.none = element("div", "none", this.scroll, "No span matches");
    this.divider = element("div", "divider", this.root);
  }

  listen() {
    this.scroll.onscroll = () => this.soon();
    this.scroll.onclick = (event) => this.click(event);
    this.scroll.ondblclick = (event) => this.zoomToRow(event);
    this.scroll.onkeydown = (event) => this.key(event);
    this.find.oninput = () => this.filterBy({ text: this.find.value.trim().toLowerCase() });
    this.find.onkeydown = (event) => this.findKey(event);
    this.errors.onclick = () => this.filterBy({ errors: !this.filter.errors });
    this.collapse.onclick = () => this.collapseFrom(1);
    this.expand.onclick = () => this.collapseFrom(Infinity);
    this.reset.onclick = () => this.zoomTo(0, 1);
    this.divider.onpointerdown = (event) => this.dragDivider(event);
    this.minimap.onpointerdown = (event) => this.dragMinimap(event);
    this.resized = new ResizeObserver(() => this.layout && this.paint());
  }

  // --- what is shown -------------------------------------------------------------------------------------

  show(layout) {
    const isOther = this.layout?.traceId !== layout.traceId || this.layout.count !== layout.count;
    this.layout = layout;
    if (!isOther) return this.paint(); // a new theme or an unrelated rerun: scroll, zoom and selection stay
    this.zoom = { from: 0, to: 1 };
    this.selected = layout.id.indexOf(layout.selected);
    this.collapsed.clear();
    if (layout.collapseFrom >= 0) this.collapseRows(layout.collapseFrom);
    if (this.selected >= 0) for (const row of ancestors(layout, this.selected)) this.collapsed.delete(row);
    this.errors.disabled = !layout.error.includes(1);
    this.arrange();
    if (this.selected >= 0) this.scrollTo(this.selected);
  }

  arrange() {
    const { rows, hits } = visible(this.layout, this.collapsed, this.filter);
    this.rows = rows;
    this.canvas.style.height = `${rows.length * ROW_HEIGHT}px`;
    this.none.hidden = rows.length > 0;
    const total = this.layout.count.toLocaleString();
    const isFiltered = this.filter.text || this.filter.errors;
    const all = `${total} ${this.layout.count === 1 ? "span" : "spans"}`;
    this.count.textContent = isFiltered ? `${hits.toLocaleString()} of ${all}` : rows.length < this.layout.count ? `${rows.length.toLocaleString()} of ${all}` : all;
    this.paint();
  }

  filterBy(change) {
    Object.assign(this.filter, change);
    this.errors.setAttribute("aria-pressed", String(this.filter.errors));
    this.arrange();
  }

  collapseFrom(depth) {
    this.collapsed.clear();
    this.collapseRows(depth);
    this.arrange();
  }

  collapseRows(depth) {
    for (let i = 0; i < this.layout.count; i++) if (this.layout.size[i] && this.layout.depth[i] >= depth) this.collapsed.add(i);
  }

  toggle(i) {
    if (!this.collapsed.delete(i)) this.collapsed.add(i);
    this.arrange();
  }

  zoomTo(from, to) {
    this.zoom = { from: Math.max(0, from), to: Math.min(1, to) };
    this.paint();
  }

  zoomToRow(event) {
    const row = event.target.closest(".row");
    if (!row) return;
    const i = Number(row.dataset.row);
    const from = this.layout.start[i] / this.layout.total;
    const width = Math.max(this.layout.duration[i] / this.layout.total, 1e-4);
    this.zoomTo(from - width * 0.05, from + width * 1.05);
  }

  // --- selection -----------------------------------------------------------------------------------------

  click(event) {
    const row = event.target.closest(".row");
    if (!row) return;
    const i = Number(row.dataset.row);
    if (event.target.closest(".chevron") && this.layout.size[i]) this.toggle(i);
    else this.select(i, 0);
  }

  select(i, pauseMs) {
    if (i === undefined || i < 0) return;
    this.selected = i;
    if (pauseMs) this.scrollTo(i);
    this.paint();
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell(this.layout.id[i]), pauseMs);
  }

  tell(spanId) {
    const address = new URL(location.href);
    address.searchParams.set("span", spanId);
    history.replaceState(history.state, "", address); // no entry of its own: Back closes the trace
    this.emit("selected", spanId);
  }

  scrollTo(i) {
    const top = this.rows.indexOf(i) * ROW_HEIGHT;
    const height = this.scroll.clientHeight;
    if (top < 0) return;
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
    else if (top + ROW_HEIGHT > this.scroll.scrollTop + height) this.scroll.scrollTop = top + ROW_HEIGHT - height;
  }

  key(event) {
    const { rows, layout, selected: i } = this;
    const at = Math.max(0, rows.indexOf(i));
    const go = (to) => this.select(rows[Math.max(0, Math.min(rows.length - 1, to))], KEYBOARD_PAUSE_MS);
    const isOpen = i >= 0 && layout.size[i] > 0 && !this.collapsed.has(i);
    const actions = {
      ArrowDown: () => go(i < 0 ? 0 : at + 1),
      ArrowUp: () => go(at - 1),
      j: () => go(i < 0 ? 0 : at + 1),
      k: () => go(at - 1),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      PageDown: () => go(at + PAGE_ROWS),
      PageUp: () => go(at - PAGE_ROWS),
      ArrowRight: () => (this.collapsed.has(i) ? this.toggle(i) : isOpen && go(at + 1)),
      ArrowLeft: () => (isOpen ? this.toggle(i) : this.select(parent(layout, i), KEYBOARD_PAUSE_MS)),
      e: () => go(this.nextError(at)),
      "/": () => this.find.focus(),
    };
    if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    actions[event.key]();
    event.preventDefault();
    event.stopPropagation();
  }

  nextError(at) {
    for (let step = 1; step <= this.rows.length; step++) {
      const next = (at + step) % this.rows.length;
      if (this.layout.error[this.rows[next]]) return next;
    }
    return at;
  }

  findKey(event) {
    event.stopPropagation();
    if (event.key === "Escape") {
      this.find.value = "";
      this.filterBy({ text: "" });
      this.scroll.focus();
    } else if (event.key === "Enter") {
      this.scroll.focus();
      this.select(this.rows.find((i) => matches(this.layout, i, this.filter)), KEYBOARD_PAUSE_MS);
    }
  }

  // --- dragging ------------------------------------------------------------------------------------------

  dragDivider(start) {
    this.divider.setPointerCapture(start.pointerId);
    this.divider.onpointermove = (event) => {
      const box = this.root.getBoundingClientRect();
      const percent = (100 * (event.clientX - box.left)) / box.width;
      this.root.style.setProperty("--name-width", `${Math.min(75, Math.max(15, percent))}%`);
      this.paint();
    };
    this.divider.onpointerup = () => (this.divider.onpointermove = null);
  }

  dragMinimap(start) {
    const box = this.minimap.getBoundingClientRect();
    const at = (event) => Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const span = this.zoom.to - this.zoom.from;
    const first = at(start);
    this.minimap.setPointerCapture(start.pointerId);
    this.minimap.onpointerup = (event) => {
      const ends = [first, at(event)].sort((a, b) => a - b);
      this.minimap.onpointerup = null;
      if (ends[1] - ends[0] > 0.01) this.zoomTo(ends[0], ends[1]);
      else if (span < 1) this.zoomTo(first - span / 2, first + span / 2);
    };
  }

  // --- painting ------------------------------------------------------------------------------------------

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.paintRows();
    });
  }

  paint() {
    this.reset.hidden = this.zoom.from === 0 && this.zoom.to === 1;
    this.paintRuler();
    this.paintMinimap();
    this.paintRows();
  }

  paintRows() {
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / ROW_HEIGHT) - SPARE_ROWS);
    const inSight = Math.ceil((this.scroll.clientHeight || 400) / ROW_HEIGHT) + 2 * SPARE_ROWS;
    const last = Math.min(this.rows.length, first + inSight);
    const width = this.ruler.clientWidth || 600;
    while (this.pool.length < last - first) this.pool.push(this.newRow());
    this.pool.forEach((row, position) => {
      row.hidden = position >= last - first;
      if (!row.hidden) this.paintRow(row, first + position, width);
    });
    if (this.selected >= 0) this.scroll.setAttribute("aria-activedescendant", `row-${this.selected}`);
  }

  newRow() {
    const row = element("div", "row", this.canvas);
    row.setAttribute("role", "treeitem");
    const name = element("div", "name", row);
    const chevron = element("span", "chevron", name);
    const kind = element("span", "kind", name);
    const label = element("span", "label", name);
    const usage = element("span", "usage", name);
    const lane = element("div", "lane", row);
    row.parts = { name, chevron, kind, label, usage, bar: element("div", "time", lane), length: element("span", "length", lane) };
    return row;
  }

  paintRow(row, position, width) {
    const { layout, parts } = { layout: this.layout, parts: row.parts };
    const i = this.rows[position];
    const isCollapsed = this.collapsed.has(i);
    const kind = layout.kinds[layout.kind[i]];
    const color = COLORS[kind] ?? "gray";
    const isDim = (this.filter.text || this.filter.errors) && !matches(layout, i, this.filter);
    const marks = { selected: i === this.selected, failed: layout.error[i], critical: layout.critical[i], dim: isDim };
    row.className = ["row", ...Object.keys(marks).filter((mark) => marks[mark])].join(" ");
    row.style.top = `${position * ROW_HEIGHT}px`;
    row.dataset.row = i;
    row.id = `row-${i}`;
    row.title = title(layout, i);
    row.setAttribute("aria-level", layout.depth[i] + 1);
    row.setAttribute("aria-selected", i === this.selected);
    if (layout.size[i]) row.setAttribute("aria-expanded", !isCollapsed);
    else row.removeAttribute("aria-expanded");
    parts.name.style.paddingLeft = `${4 + Math.min(layout.depth[i], 24) * 14}px`;
    parts.chevron.textContent = layout.size[i] ? (isCollapsed ? "▶" : "▼") : "";
    parts.kind.textContent = kind;
    parts.kind.style.background = `var(--st-${color}-background-color)`;
    parts.kind.style.color = `var(--st-${color}-text-color)`;
    parts.label.textContent = layout.names[layout.name[i]];
    parts.usage.textContent = [isCollapsed ? `+${layout.size[i]}` : "", tokens(layout, i, isCollapsed)].filter(Boolean).join("  ");
    this.paintBar(parts, i, layout.error[i] ? "red" : color, width);
  }

  paintBar({ bar, length }, i, color, width) {
    const { layout, zoom } = this;
    const place = (us) => (us / layout.total - zoom.from) / (zoom.to - zoom.from);
    const from = place(layout.start[i]);
    const to = place(layout.start[i] + layout.duration[i]);
    bar.style.left = `${from * 100}%`;
    bar.style.width = `${(to - from) * 100}%`;
    bar.style.background = `var(--st-${color}-color)`;
    length.textContent = duration(layout.duration[i]);
    const room = 72; // pixels a label takes
    const isRight = to * width + room < width && to >= 0;
    const isLeft = !isRight && from * width > room && from <= 1;
    length.className = isRight || isLeft ? "length" : "length inside";
    length.style.left = isRight ? `calc(${to * 100}% + 6px)` : "";
    length.style.right = isRight ? "" : isLeft ? `calc(${(1 - from) * 100}% + 6px)` : "8px";
  }

  paintRuler() {
    const ticks = this.ruler.clientWidth > 420 ? 5 : this.ruler.clientWidth > 240 ? 3 : 2;
    this.ruler.textContent = "";
    for (let tick = 0; tick < ticks; tick++) {
      const at = this.zoom.from + (tick / ticks) * (this.zoom.to - this.zoom.from);
      const label = element("span", "tick", this.ruler, at === 0 ? "0" : duration(Math.round(at * this.layout.total)));
      label.style.left = `${(tick / ticks) * 100}%`;
    }
  }

  paintMinimap() {
    const { layout, minimap, zoom } = this;
    const width = minimap.clientWidth || 800;
    const height = minimap.clientHeight || 40;
    const ratio = window.devicePixelRatio || 1;
    minimap.width = width * ratio;
    minimap.height = height * ratio;
    const paint = minimap.getContext("2d");
    const style = getComputedStyle(this.root);
    const color = (name) => style.getPropertyValue(`--st-${name}-color`).trim() || "gray";
    const ofKind = layout.kinds.map((kind) => color(COLORS[kind] ?? "gray"));
    const red = color("red");
    const lanes = Math.floor((height - 4) / 4);
    paint.scale(ratio, ratio);
    paint.globalAlpha = 0.85;
    for (let i = 0; i < layout.count; i++) {
      paint.fillStyle = layout.error[i] ? red : ofKind[layout.kind[i]];
      const lane = Math.min(lanes - 1, layout.depth[i]);
      paint.fillRect((layout.start[i] / layout.total) * width, 3 + lane * 4, Math.max(1, (layout.duration[i] / layout.total) * width), 3);
    }
    paint.globalAlpha = 0.2;
    paint.fillStyle = color("text");
    paint.fillRect(0, 0, zoom.from * width, height);
    paint.fillRect(zoom.to * width, 0, width, height);
  }

  close() {
    this.resized.disconnect();
    clearTimeout(this.telling);
    cancelAnimationFrame(this.frame);
  }
}

export default function waterfall({ data, parentElement, setStateValue }) {
  const host = parentElement.querySelector(".waterfall");
  if (!views.has(host)) views.set(host, new View(host));
  const view = views.get(host);
  const layout = data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(data)) : data;
  view.emit = setStateValue;
  view.resized.observe(view.scroll);
  host.style.height = `${layout.height}px`;
  view.show(layout);
  return () => view.close();
}
