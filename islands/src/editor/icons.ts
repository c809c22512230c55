const LINES = '<path d="M9 5h9M9 10h9M9 15h9"/>';
const PATHS = {
  bullets: `${LINES}<path d="M4 5h.01M4 10h.01M4 15h.01" stroke-width="3"/>`,
  numbers: `${LINES}<path d="M3 3.5 4.3 3v4M3 9.3c.4-.7 2.2-.6 2.2.4 0 .8-2.2 1.8-2.2 1.8h2.4M3 13.4h2.2L4 14.9c1.7.1 1.7 2.3-1 2" stroke-width="1.1"/>`,
  deeper: '<path d="M3 4h14M10 8.7h7M10 12.3h7M3 17h14M3 8l3 2.5-3 2.5"/>',
  shallower: '<path d="M3 4h14M10 8.7h7M10 12.3h7M3 17h14M6 8l-3 2.5L6 13"/>',
  link: '<path d="M8.5 11.5a3.5 3.5 0 0 0 5 0l2.5-2.5a3.5 3.5 0 0 0-5-5L10 5M11.5 8.5a3.5 3.5 0 0 0-5 0L4 11a3.5 3.5 0 0 0 5 5l1-1"/>',
  undo: '<path d="M7 4 3.5 7.5 7 11M4 7.5h7.5a4.25 4.25 0 0 1 0 8.5H8"/>',
  redo: '<path d="m13 4 3.5 3.5L13 11M16 7.5H8.5a4.25 4.25 0 0 0 0 8.5H12"/>',
  code: '<path d="m6.5 6-4 4 4 4M13.5 6l4 4-4 4"/>',
};

export type Icon = keyof typeof PATHS;

/** Returns a drawing of 20 by 20 in the colour of the text, which screen readers leave out. */
export function icon(name: Icon): SVGElement {
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const attributes = { viewBox: "0 0 20 20", width: "18", height: "18", "aria-hidden": "true", fill: "none" };
  const pen = {
    stroke: "currentColor",
    "stroke-width": "1.7",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  };
  for (const [key, value] of Object.entries({ ...attributes, ...pen })) drawn.setAttribute(key, value);
  drawn.innerHTML = PATHS[name];
  return drawn;
}
