import { empty } from "./parts.js";

export function view() {
  return { title: "", template: () => empty("Soon", "This view is being made.") };
}
