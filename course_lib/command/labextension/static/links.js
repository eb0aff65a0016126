// A JupyterLab extension, in the form in which webpack would have packed it. JupyterLab 4 looks for the section of a link
// before a notebook that was not open yet has drawn its cells, and stays at its top; nor does it read %3F as a question mark.
(() => {
  const LINK = "rendermime:handle-local-link"; // JupyterLab's own command
  const LOOK = 200, PATIENCE = 8000; // milliseconds

  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  // Whether the heading of that name is within what is seen of the notebook.
  const arrived = (widget, name) => {
    const heading = widget.node.querySelector(`[data-jupyter-id="${CSS.escape(name)}"], [id="${CSS.escape(name)}"]`);
    const seen = widget.node.querySelector(".jp-WindowedPanel-outer")?.getBoundingClientRect();
    const top = heading?.getBoundingClientRect().top;
    return seen !== undefined && top >= seen.top - LOOK && top < seen.bottom;
  };

  // Go there until it stays there: what is drawn meanwhile moves it.
  const go = async (app, path, fragment) => {
    const name = decodeURIComponent(fragment.slice(1));
    for (let waited = 0, stayed = 0; waited < PATIENCE && stayed < 3; waited += LOOK) {
      await wait(LOOK);
      const widget = [...app.shell.widgets("main")].find((one) => one.context?.path === path);
      if (!widget?.isVisible || !widget.context.isReady) continue;
      stayed = arrived(widget, name) ? stayed + 1 : 0;
      if (!stayed) widget.setFragment(`#${name}`);
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
