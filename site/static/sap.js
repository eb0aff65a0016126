// PQ index, bound and amount, and SAP's rounds without training: the arithmetic of course_lib/axes/pqindex.py and
// course_lib/teaching/boards/explorer.py (Diao et al. 2023, sections 3 and 4). tests/test_site.py compares them.
"use strict";

globalThis.sap = (function () {
  // Sum with what rounding would lose (Neumaier), so that many small weights count.
  function sum(length, term) {
    let total = 0;
    let lost = 0;
    for (let k = 0; k < length; k++) {
      const next = term(k);
      const now = total + next;
      lost += Math.abs(total) >= Math.abs(next) ? (total - now) + next : (next - now) + total;
      total = now;
    }
    return total + lost;
  }

  // Means of (|w| / max |w|)^p and ^q; null where there is nothing but zeros.
  function means(w, p, q) {
    if (!(p > 0 && p < q && q < Infinity)) throw new RangeError(`p=${p} and q=${q} were given; the index needs 0 < p < q.`);
    let largest = 0;
    for (let k = 0; k < w.length; k++) largest = Math.max(largest, Math.abs(w[k]));
    if (!(largest > 0)) return null;
    const mean = (s) => sum(w.length, (k) => (s === 1 ? Math.abs(w[k]) / largest : Math.pow(Math.abs(w[k]) / largest, s))) / w.length;
    return [mean(p), mean(q)];
  }

  function pqIndex(w, p, q) {
    const found = means(w, p, q);
    return found === null ? null : Math.max(0, 1 - Math.pow(found[0], 1 / p) / Math.pow(found[1], 1 / q));
  }

  function retainBound(d, index, p, q, eta) {
    return d * Math.pow(1 + eta, -q / (q - p)) * Math.pow(1 - index, (p * q) / (q - p));
  }

  function sapAmount(w, p, q, eta, gamma, beta) {
    const found = means(w, p, q);
    if (found === null) return null;
    const d = w.length;
    const even = Math.exp(Math.min(0, (q * Math.log(found[0]) - p * Math.log(found[1])) / (q - p)));
    const bound = retainBound(d, 0, p, q, eta) * even;
    const x = d * Math.min(gamma * (1 - bound / d), beta);
    return Math.min(d, Math.max(0, Math.floor(x + 1e-12 * d))); // what rounding left a hair below a whole number
  }

  // layers: [{name, rows: [Float64Array, ...]}] of magnitudes. Sorted once: survivors are always the largest.
  function groupsOf(layers, scope) {
    const sorted = (values) => Float64Array.from(values).sort();
    if (scope === "neuron") return { groups: layers.flatMap((layer) => layer.rows.map(sorted)), owners: null };
    const flat = layers.map((layer) => {
      const all = new Float64Array(layer.rows.reduce((n, row) => n + row.length, 0));
      let end = 0;
      for (const row of layer.rows) { all.set(row, end); end += row.length; }
      return all;
    });
    if (scope === "layer") return { groups: flat.map(sorted), owners: null };
    const values = new Float64Array(flat.reduce((n, one) => n + one.length, 0));
    const owner = new Uint8Array(values.length);
    let end = 0;
    flat.forEach((one, k) => { values.set(one, end); owner.fill(k, end, end + one.length); end += one.length; });
    const order = Uint32Array.from(values.keys()).sort((a, b) => values[a] - values[b] || a - b);
    return { groups: [Float64Array.from(order, (k) => values[k])], owners: Uint8Array.from(order, (k) => owner[k]) };
  }

  // Returns one list for each round: for each layer {name, size, left, index, bound, gone}.
  function rounds(layers, grouped, settings, number) {
    const { p, q, eta, gamma, beta } = settings;
    const { groups, owners } = grouped;
    const gone = groups.map(() => 0);
    const frozen = groups.map(() => null); // [index, bound] where nothing more goes
    const history = [];
    for (let round = 0; round < number; round++) {
      const seen = groups.map((values, k) => {
        const left = values.subarray(gone[k]);
        let facts = frozen[k] || [0, 0];
        let count = 0;
        if (frozen[k] === null && left.length) {
          const index = pqIndex(left, p, q);
          if (index === null) {
            frozen[k] = facts;
          } else {
            count = sapAmount(left, p, q, eta, gamma, beta);
            facts = [index, retainBound(left.length, index, p, q, eta)];
            if (!count) frozen[k] = facts;
          }
        }
        return { left: left.length, index: facts[0], bound: facts[1], count };
      });
      history.push(owners ? ofOwners(layers, owners, gone[0], seen[0]) : ofGroups(layers, seen));
      seen.forEach((one, k) => { gone[k] += one.count; });
    }
    return history;
  }

  const sizeOf = (layer) => layer.rows.reduce((n, row) => n + row.length, 0);

  function ofOwners(layers, owners, gone, one) {
    const before = layers.map(() => 0);
    const now = layers.map(() => 0);
    for (let k = 0; k < gone + one.count; k++) (k < gone ? before : now)[owners[k]]++;
    return layers.map((layer, k) => {
      const left = sizeOf(layer) - before[k];
      return { name: layer.name, size: sizeOf(layer), left, index: one.index, bound: (one.bound / Math.max(1, one.left)) * left, gone: now[k] };
    });
  }

  function ofGroups(layers, seen) {
    let start = 0;
    const byNeuron = seen.length !== layers.length;
    return layers.map((layer) => {
      const own = seen.slice(start, start + (byNeuron ? layer.rows.length : 1));
      start += own.length;
      const left = own.reduce((n, one) => n + one.left, 0);
      return {
        name: layer.name, size: sizeOf(layer), left,
        index: own.reduce((n, one) => n + one.left * one.index, 0) / Math.max(1, left),
        bound: own.reduce((n, one) => n + one.bound, 0),
        gone: own.reduce((n, one) => n + one.count, 0),
      };
    });
  }

  return { pqIndex, retainBound, sapAmount, groupsOf, rounds };
})();
