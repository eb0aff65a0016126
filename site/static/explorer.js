// Lesson 05's explorer in the page: SAP takes round after round from a trained network, without training between.
"use strict";

(function () {
  const ROUNDS = 12;
  const CONTROLS = [
    { name: "p", min: 0.1, max: 2, step: 0.1, value: 1, says: "the smaller norm" },
    { name: "q", min: 0.2, max: 4, step: 0.1, value: 2, says: "the larger norm" },
    { name: "eta", min: 0, max: 2, step: 0.05, value: 0, says: "what may be lost" },
    { name: "gamma", min: 0.25, max: 8, step: 0.25, value: 1, says: "scales the amount" },
    { name: "beta", min: 0.1, max: 1, step: 0.05, value: 0.9, says: "the most in one round" },
    { name: "round", min: 1, max: ROUNDS, step: 1, value: 1, says: "which round is shown" },
  ];
  const SVG = "http://www.w3.org/2000/svg";
  const whole = (n) => Math.round(n).toLocaleString("en");
  const plain = (x) => String(Number(x.toFixed(2)));

  function html(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function svg(name, attributes, ...children) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function unpacked(told) {
    return told.map((layer) => {
      const bytes = Uint8Array.from(atob(layer.steps), (sign) => sign.charCodeAt(0));
      const steps = new DataView(bytes.buffer);
      const rows = Array.from({ length: layer.neurons }, (_, row) =>
        Float64Array.from({ length: layer.inputs }, (__, k) => (steps.getUint16(2 * (row * layer.inputs + k), true) / 65535) * layer.largest));
      return { name: layer.name, rows };
    });
  }

  // What is left of each layer, what goes now (hatched), and what went before (empty).
  function bars(layers) {
    const picture = svg("svg", { viewBox: "0 0 440 200", role: "img", "aria-label": "What is left of each layer; what goes in this round is hatched" });
    picture.append(svg("defs", {}, svg("pattern", { id: "going", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { width: 6, height: 6, class: "going" }), svg("line", { x1: 0, y1: 0, x2: 0, y2: 6, class: "hatch" }))));
    layers.forEach((layer, k) => {
      const y = 34 + k * 56;
      const scale = 300 / layer.size;
      const stays = layer.left - layer.gone;
      picture.append(
        svg("text", { x: 0, y: y + 17 }, layer.name),
        svg("rect", { x: 62, y, width: 300, height: 24, class: "frame" }),
        svg("rect", { x: 62, y, width: stays * scale, height: 24, class: "stays" }),
        svg("rect", { x: 62 + stays * scale, y, width: layer.gone * scale, height: 24, fill: "url(#going)" }),
        svg("line", { x1: 62 + layer.bound * scale, x2: 62 + layer.bound * scale, y1: y - 5, y2: y + 29, class: "bound" }),
        svg("text", { x: 368, y: y + 17 }, `${((100 * stays) / layer.size).toFixed(1)}%`),
      );
    });
    picture.append(svg("text", { x: 62, y: 16, class: "head" }, "kept · hatched: goes now · line: the bound"));
    return picture;
  }

  // The share of all weights that goes in each round, and the index of what was left.
  function lines(history, shown) {
    const picture = svg("svg", { viewBox: "0 0 440 200", role: "img", "aria-label": "The index of each layer's survivors over the rounds" });
    const x = (round) => 40 + (round * 340) / (ROUNDS - 1);
    const most = Math.max(0.05, ...history.flat().map((layer) => layer.index));
    const y = (index) => 165 - (135 * index) / most;
    picture.append(
      svg("text", { x: 40, y: 16, class: "head" }, "index of the survivors, round by round"),
      svg("line", { x1: 40, x2: 380, y1: 165, y2: 165, class: "axis" }), svg("line", { x1: 40, x2: 40, y1: 28, y2: 165, class: "axis" }),
      svg("text", { x: 34, y: 169, "text-anchor": "end" }, "0"), svg("text", { x: 34, y: 36, "text-anchor": "end" }, most.toFixed(2)),
      svg("line", { x1: x(shown), x2: x(shown), y1: 28, y2: 165, class: "shown" }),
    );
    for (const round of [1, 4, 8, 12]) picture.append(svg("text", { x: x(round - 1), y: 184, "text-anchor": "middle" }, String(round)));
    history[0].forEach((layer, k) => {
      const points = history.map((round, t) => `${x(t)},${y(round[k].index)}`).join(" ");
      picture.append(svg("polyline", { points, class: `curve curve-${k}` }));
    });
    // Names at the right end, moved apart where curves end together.
    let above = -Infinity;
    history[ROUNDS - 1].map((layer, k) => ({ k, name: layer.name, at: y(layer.index) })).sort((a, b) => a.at - b.at).forEach((label) => {
      above = Math.max(label.at + 4, above + 13);
      picture.append(svg("text", { x: 384, y: above, class: `name-${label.k}` }, label.name));
    });
    return picture;
  }

  function table(layers) {
    const cells = (kind, row) => html("tr", {}, ...row.map((value) => html(kind, {}, value)));
    const rows = layers.map((one) => cells("td", [one.name, whole(one.left), one.index.toFixed(3), whole(one.bound), whole(one.gone), whole(one.left - one.gone)]));
    return html("table", {}, html("thead", {}, cells("th", ["layer", "survivors", "index", "bound", "go now", "stay"])), html("tbody", {}, ...rows));
  }

  function start(box, told) {
    const layers = unpacked(told);
    const grouped = {};
    const inputs = {};
    const scope = html("select", { id: "sap-scope" }, ...["neuron", "layer", "global"].map((name) => html("option", { value: name }, name)));
    scope.value = "layer";
    const readout = html("p", { class: "moving-readout", "aria-live": "polite" });
    const shownAt = html("div", { class: "explorer-shown" });
    const say = (control) => {
      const { input, value } = inputs[control.name];
      value.textContent = plain(Number(input.value));
      input.setAttribute("aria-valuetext", value.textContent);
    };

    function show() {
      const settings = Object.fromEntries(CONTROLS.map((control) => [control.name, Number(inputs[control.name].input.value)]));
      grouped[scope.value] = grouped[scope.value] || sap.groupsOf(layers, scope.value);
      const history = sap.rounds(layers, grouped[scope.value], settings, ROUNDS);
      const now = history[settings.round - 1];
      const size = now.reduce((n, layer) => n + layer.size, 0);
      const stay = now.reduce((n, layer) => n + layer.left - layer.gone, 0);
      const go = now.reduce((n, layer) => n + layer.gone, 0);
      readout.textContent = `Round ${settings.round}, scope ${scope.value}: ${whole(go)} weights go, ${whole(stay)} of ${whole(size)} stay (${((100 * stay) / size).toFixed(1)}%).`;
      shownAt.replaceChildren(html("div", { class: "explorer-pictures" }, bars(now), lines(history, settings.round - 1)), table(now));
    }

    const controls = CONTROLS.map((control) => {
      const id = `sap-${control.name}`;
      const input = html("input", { type: "range", id, min: control.min, max: control.max, step: control.step, value: control.value });
      const value = html("output", { for: id });
      inputs[control.name] = { input, value };
      input.addEventListener("input", () => {
        // The index needs p < q: whichever was not moved makes room.
        const [p, q] = [inputs.p.input, inputs.q.input];
        if (Number(p.value) >= Number(q.value) - 1e-9) {
          if (control.name === "q") p.value = Math.max(0.1, Number(q.value) - 0.1).toFixed(1);
          else q.value = (Number(p.value) + 0.1).toFixed(1);
        }
        CONTROLS.forEach(say);
        show();
      });
      say(control);
      return html("div", { class: "moving-control" }, html("label", { for: id, title: control.says }, control.name), input, value);
    });
    const reset = html("button", { type: "button" }, "reset");
    reset.addEventListener("click", () => {
      CONTROLS.forEach((control) => { inputs[control.name].input.value = control.value; say(control); });
      scope.value = "layer";
      show();
    });
    scope.addEventListener("change", show);
    const chosen = html("div", { class: "moving-control" }, html("label", { for: "sap-scope" }, "scope"), scope);
    const note = html("p", { class: "moving-note" }, "Computed in this page, on the weights of a network committed in results/pace, kept in 16 bits.");
    box.replaceChildren(html("div", { class: "moving-bar" }, ...controls, chosen, reset), readout, shownAt, note);
    box.classList.add("moving");
    show();
  }

  function load(box) {
    const script = html("script", { src: "explorer-weights.js" });
    script.onload = () => start(box, window.explorerWeights);
    script.onerror = () => { box.textContent = "The weights of the explorer could not be loaded; reload the page."; };
    document.head.append(script);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const box = document.querySelector(".sap-explorer");
    if (!box) return;
    new IntersectionObserver((seen, observer) => {
      if (seen.some((one) => one.isIntersecting)) { observer.disconnect(); load(box); }
    }, { rootMargin: "600px" }).observe(box);
  });
})();
