// A JupyterLab extension, in the form in which webpack would have packed it. JupyterLab 4 looks for the section of a link
// before a notebook that was not open yet has drawn its cells, and stays at its top; nor does it read %3F as a question mark.
(() => {
  const LINK = "rendermime:handle-local-link"; // JupyterLab's own command
  const LOOK = 200, PATIENCE = 60000; // milliseconds

  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  const named = (widget, name) =>
    widget.node.querySelector(`[data-jupyter-id="${CSS.escape(name)}"], [id="${CSS.escape(name)}"]`);

  // Whether the heading is within what is seen of the notebook.
  const arrived = (widget, heading) => {
    const seen = widget.node.querySelector(".jp-WindowedPanel-outer")?.getBoundingClientRect();
    const top = heading?.getBoundingClientRect().top;
    return seen !== undefined && top >= seen.top - 1 && top < seen.bottom;
  };

  // Go there until it stays there, as what is drawn meanwhile moves it, or until the reader goes elsewhere.
  const go = async (app, path, fragment) => {
    const name = decodeURIComponent(fragment.slice(1));
    let elsewhere = false;
    for (const type of ["wheel", "keydown", "pointerdown"])
      addEventListener(type, () => (elsewhere = true), { once: true, capture: true });
    for (let waited = 0, stayed = 0; waited < PATIENCE && stayed < 3 && !elsewhere; waited += LOOK) {
      await wait(LOOK);
      const widget = [...app.shell.widgets("main")].find((one) => one.context?.path === path);
      if (!widget?.isVisible || !widget.context.isReady) continue;
      const heading = named(widget, name);
      stayed = arrived(widget, heading) ? stayed + 1 : 0;
      if (stayed) continue;
      if (heading) heading.scrollIntoView();
      else widget.setFragment(`#${name}`); // JupyterLab's way draws the cells on the way
    }
  };

  const plugin = {
    id: "pruning-course:links",
    autoStart: true,
    activate: (app) => {
      app.commands.commandExecuted.connect((_, { id, args }) => {
        if (id === LINK && args.path?.endsWith(".ipynb") && args.id) go(app, args.path, args.id);
      });
    },
  };

  (window._JUPYTERLAB ??= {})["pruning-course"] = {
    init: () => {},
    get: async () => () => ({ __esModule: true, default: plugin }),
  };
})();
