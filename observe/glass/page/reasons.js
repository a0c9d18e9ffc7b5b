import { html } from "./lib/lit-html.js";
export function view() { return { title: "", template: () => html`<p>…</p>` }; }
