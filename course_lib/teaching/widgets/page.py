"""What the browser does for a slider by itself: with a kernel that is slow, or none, and for who listens or types.

Style and script stand in the slider's second output, the still picture. JupyterLab runs them where the notebook is trusted,
as one's own is; without them a slider only looks plainer.
"""

from __future__ import annotations

import html

RUN = "To move it, click here, choose Run > Run All Above Selected Cell, then run this cell."
RESTARTED = f"The kernel was restarted. {RUN}"
DEAD = ".lm-Panel.jp-OutputArea-output:not(:has(*))"  # where JupyterLab has no widget to show, and says so

STYLE = f"""
.jp-OutputArea:has(.course-skin) .course-still {{ display: none; }}
.jp-OutputArea:has(.course-still) {DEAD} {{ display: none; }}
.course-still p, .course-skin.jupyter-widgets-disconnected::before {{
  font: italic var(--jp-content-font-size1, 14px) var(--jp-content-font-family, sans-serif);
  color: var(--jp-content-font-color1, #222); margin: 0.3em 0; }}
.course-skin .jupyter-widgets-disconnected::before {{ content: none; }}
.course-skin.jupyter-widgets-disconnected::before {{ content: "{RESTARTED}"; }}
.course-skin.jupyter-widgets-disconnected .course-controls {{ opacity: 0.4; pointer-events: none; }}
.course-skin.jupyter-widgets-disconnected .course-picture, .course-stale {{ opacity: 0.35; filter: grayscale(1); }}
.course-skin.course-busy .course-picture:not(.course-stale) {{ opacity: 0.6; }}
.course-skin.course-busy .course-readout .widget-html-content {{ visibility: hidden; }}
.course-skin.course-busy .course-readout::before {{ content: "working ..."; font-style: italic; position: absolute; }}
.course-skin .widget-label {{ text-align: left; margin: 0; }}
.course-skin :focus-visible {{ outline: 2px solid var(--jp-brand-color1, #0072b2); outline-offset: 2px; }}
"""

SCRIPT = """
(() => {
  if (window.courseSkins) return;
  window.courseSkins = true;
  const set = (element, name, value) => {
    if (element && element.getAttribute(name) !== value) element.setAttribute(name, value);
  };
  const named = (skin) => {
    for (const control of skin.querySelectorAll('.course-controls > :not(button)')) {
      const name = control.querySelector('.widget-label')?.textContent ?? '';
      const value = control.querySelector('.widget-readout')?.textContent;
      for (const handle of control.querySelectorAll('.noUi-handle')) {
        set(handle, 'aria-label', name);
        if (value) set(handle, 'aria-valuetext', value);
        set(handle, 'aria-disabled', String(control.querySelector('.noUi-target')?.hasAttribute('disabled') ?? false));
      }
      for (const group of control.querySelectorAll('button')) {
        set(group.parentElement, 'role', 'group');
        set(group.parentElement, 'aria-label', name);
        set(group, 'aria-pressed', String(group.classList.contains('mod-active')));
      }
      set(control.querySelector('select'), 'aria-label', name);
    }
    for (const words of skin.querySelectorAll('.course-readout .widget-html-content')) set(words, 'role', 'status');
    const controls = skin.querySelector('.course-controls');
    if (controls) controls.inert = skin.classList.contains('jupyter-widgets-disconnected');
  };
  const busy = (skin, is) => skin.classList.contains('course-busy') === is || skin.classList.toggle('course-busy', is);
  const watch = (skin) => {
    skin.dataset.course = 'watched';
    named(skin);
    new MutationObserver((changes) => {
      for (const change of changes) {
        const node = change.target.nodeType === 1 ? change.target : change.target.parentElement;
        if (!node) continue;
        if (change.attributeName === 'aria-valuenow') busy(skin, true);
        else if (node.closest('.course-readout') && !node.closest('.course-readout').querySelector('i')) busy(skin, false);
      }
      named(skin);
    }).observe(skin, {
      subtree: true, childList: true, characterData: true, attributes: true,
      attributeFilter: ['aria-valuenow', 'aria-valuetext', 'class', 'disabled'],
    });
    for (const type of ['focus', 'keydown']) skin.addEventListener(type, share, true);
    skin.addEventListener('change', () => busy(skin, true));
    skin.addEventListener('click', (event) => {
      const button = event.target.closest('.widget-toggle-button');
      if (button && !button.classList.contains('mod-active')) busy(skin, true);
    }, true);
  };
  // A box that shows per cent reads what is typed as a share: "33" would be all, and an untouched "90%" as well.
  const share = (event) => {
    const box = event.target;
    if (!box.matches?.('.widget-readout[contenteditable]')) return;
    if (event.type === 'focus') box.dataset.percent = box.textContent.trim().endsWith('%') ? 'yes' : '';
    else if (box.dataset.percent && event.key === 'Enter') {
      const typed = parseFloat(box.textContent);
      if (typed >= 1 || box.textContent.includes('%')) box.textContent = String(typed / 100);
    }
  };
  const look = () => document.querySelectorAll('.course-skin:not([data-course])').forEach(watch);
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true });
})();
"""


def still(picture: str, readout: str) -> str:
    """Return the HTML of a slider's picture where no kernel runs. picture: an <img>. readout: its line, in HTML."""
    return (
        f'<div class="course-still"><div>{readout}</div>{picture}<p>{html.escape(RUN)}</p></div>'
        f"<style>{STYLE}</style><script>{SCRIPT}</script>"
    )
