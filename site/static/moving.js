// A slider without a kernel: one picture for each position, loaded when it is asked for.
"use strict";

(function () {
  function element(name, attributes, children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    made.append(...(children || []));
    return made;
  }

  let made = 0; // gives every control an id of its own

  function range(control, changed) {
    const id = `moving-${made++}`;
    const input = element("input", { type: "range", id, min: 0, max: control.labels.length - 1, step: 1, value: control.start });
    const value = element("output", { for: id });
    const say = () => {
      value.textContent = control.labels[input.value];
      input.setAttribute("aria-valuetext", control.labels[input.value]);
    };
    input.addEventListener("input", () => { say(); changed(); });
    say();
    return {
      node: element("div", { class: "moving-control" }, [element("label", { for: id }, [control.name]), input, value]),
      read: () => Number(input.value),
      reset: () => { input.value = control.start; say(); },
      able: (does) => { input.disabled = !does; },
    };
  }

  function choice(control, changed) {
    const name = `moving-${made++}`;
    const radios = control.labels.map((label, place) => {
      const input = element("input", { type: "radio", name, value: place });
      input.checked = place === control.start;
      input.addEventListener("change", changed);
      return { input, node: element("label", {}, [input, " " + label]) };
    });
    const set = element("fieldset", { class: "moving-control" }, [
      element("legend", {}, [control.name]), ...radios.map((radio) => radio.node)]);
    return {
      node: set,
      read: () => radios.findIndex((radio) => radio.input.checked),
      reset: () => radios.forEach((radio, place) => { radio.input.checked = place === control.start; }),
      able: (does) => { set.disabled = !does; },
    };
  }

  function start(box) {
    const told = JSON.parse(box.querySelector("script").textContent);
    const picture = box.querySelector("img");
    const readout = element("p", { class: "moving-readout", "aria-live": "polite" });
    let wanted = "";
    let parts = [];

    // A control that does nothing where another one stands counts as standing at its start.
    const does = (places, { only }) => !only || only[1].includes(places[only[0]]);

    function position(places) {
      const key = places.map((place, k) => (does(places, told.controls[k]) ? place : told.controls[k].start)).join("-");
      return { source: `${told.folder}/${key}.png`, readout: told.readouts[key] };
    }

    function show() {
      const places = parts.map((part) => part.read());
      parts.forEach((part, k) => part.able(does(places, told.controls[k])));
      const now = position(places);
      readout.textContent = now.readout;
      if (now.source === wanted) return;
      wanted = now.source;
      box.classList.add("busy");
      const loaded = new Image();
      loaded.onload = loaded.onerror = (event) => {
        if (wanted !== now.source) return; // the last position wins
        box.classList.remove("busy");
        if (event.type === "error") { readout.textContent = `${now.readout} (Its picture could not be loaded.)`; return; }
        picture.src = now.source;
        picture.alt = now.readout;
        places.forEach((place, k) => { // the neighbours are likely to be next
          for (const next of [place - 1, place + 1]) {
            if (next < 0 || next >= told.controls[k].labels.length || told.controls[k].choice) continue;
            new Image().src = position(places.map((other, j) => (j === k ? next : other))).source;
          }
        });
      };
      loaded.src = now.source;
    }

    parts = told.controls.map((control) => (control.choice ? choice : range)(control, show));
    const reset = element("button", { type: "button" }, ["reset"]);
    reset.addEventListener("click", () => { parts.forEach((part) => part.reset()); show(); });
    const bar = element("div", { class: "moving-bar" }, [...parts.map((part) => part.node), reset]);
    picture.parentElement.before(bar, readout); // that is scrolled on a phone; the controls are not
    wanted = picture.getAttribute("src");
    show();
  }

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".moving").forEach(start));
})();
