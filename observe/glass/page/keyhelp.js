// The dialog that tells the keys.

import { html, nothing, render } from "./lib/lit-html.js";
import { icon } from "./parts.js";

const everywhere = [
  ["/", "to the filter"],
  ["j  k", "next, previous (arrows too)"],
  ["Enter", "open"],
  ["Esc", "back"],
  ["t", "light, dark, as the system"],
  ["?", "these keys"],
];

/** views are the table of the pages; keys those of the view that is shown; place is the element for the dialog. */
export function showKeyHelp(views, keys, place) {
  const row = ([key, does]) =>
    html`<div><dt>${key.split(" ").filter(Boolean).map((k) => html`<kbd>${k}</kbd> `)}</dt><dd>${does}</dd></div>`;
  render(
    html`<dialog class="keys" aria-labelledby="keys-title">
      <form method="dialog"><h2 id="keys-title">Keys</h2><button class="quiet round" aria-label="Close">${icon("close")}</button></form>
      <div class="keys-columns">
        <section><h3>Everywhere</h3><dl>${everywhere.map(row)}</dl></section>
        <section><h3>Pages</h3><dl>${Object.values(views).map((v) => row(["g " + v.key, v.title]))}</dl></section>
        ${keys?.length
          ? html`<section><h3>Here</h3><dl>${keys.map((k) => row([k.key, k.does]))}</dl></section>`
          : nothing}
      </div>
    </dialog>`,
    place,
  );
  const dialog = place.firstElementChild;
  dialog.onclick = (e) => e.target === dialog && dialog.close();
  dialog.showModal();
}
