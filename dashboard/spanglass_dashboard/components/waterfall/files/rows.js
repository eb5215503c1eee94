// Which rows of a layout are shown, and what they say. No DOM: arrays in, arrays out.
// Rows come in pre-order: the subtree of row i is the size[i] rows after it.

export const duration = (us) => {
  if (us < 1000) return `${us} µs`;
  if (us < 1e6) return `${(us / 1000).toFixed(us < 1e4 ? 2 : us < 1e5 ? 1 : 0)} ms`;
  if (us < 6e7) return `${(us / 1e6).toFixed(2)} s`;
  return `${Math.floor(us / 6e7)} min ${Math.round((us % 6e7) / 1e6)} s`;
};

const compact = (count) => (count < 10000 ? String(count) : count < 1e6 ? `${(count / 1e3).toFixed(1)}k` : `${(count / 1e6).toFixed(2)}M`);

// Tokens of row i, or of its whole subtree once it is collapsed ("Σ").
export const tokens = (layout, i, isCollapsed) => {
  if (!isCollapsed) return layout.tokens[i] === null ? "" : `${compact(layout.tokens[i])} tok`;
  let sum = 0;
  for (let j = i; j <= i + layout.size[i]; j++) sum += layout.tokens[j] ?? 0;
  return sum ? `Σ ${compact(sum)} tok` : "";
};

export const title = (layout, i) => {
  const parts = [layout.names[layout.name[i]], duration(layout.duration[i])];
  if (layout.cost[i] !== null) parts.push(`$${layout.cost[i].toPrecision(3)}`);
  return parts.join(" · ");
};

export const matches = (layout, i, filter) =>
  (!filter.text || layout.names[layout.name[i]].toLowerCase().includes(filter.text)) && (!filter.errors || layout.error[i]);

// {rows, hits}: the rows shown, top to bottom. A filter keeps what matches and the way to it.
export const visible = (layout, collapsed, filter) => {
  const rows = [];
  if (!filter.text && !filter.errors) {
    for (let i = 0; i < layout.count; ) {
      rows.push(i);
      i += collapsed.has(i) ? layout.size[i] + 1 : 1;
    }
    return { rows, hits: layout.count };
  }
  const keep = new Uint8Array(layout.count);
  const path = [];
  let hits = 0;
  for (let i = 0; i < layout.count; i++) {
    path.length = layout.depth[i];
    path[layout.depth[i]] = i;
    if (!matches(layout, i, filter)) continue;
    hits++;
    for (const ancestor of path) keep[ancestor] = 1;
  }
  for (let i = 0; i < layout.count; i++) if (keep[i]) rows.push(i);
  return { rows, hits };
};

export const parent = (layout, i) => {
  let row = i - 1;
  while (row >= 0 && layout.depth[row] >= layout.depth[i]) row--;
  return row;
};

export const ancestors = (layout, i) => {
  const rows = [];
  for (let row = parent(layout, i); row >= 0; row = parent(layout, row)) rows.push(row);
  return rows;
};
