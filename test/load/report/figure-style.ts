/** The style of charts, in the color scheme that the reader prefers. */
const light = {
  paper: '#ffffff',
  ink: '#1c2024',
  soft: '#5c6570',
  rule: '#e1e5ea',
  hues: ['#0063c6', '#cf4500', '#0b7d57', '#7f45b8'],
};
const dark = {
  paper: '#14181c',
  ink: '#e9ecef',
  soft: '#a3adb8',
  rule: '#333a42',
  hues: ['#63b0ff', '#ff9457', '#49cf9c', '#c497ff'],
};

/** The number of colors; further lines repeat them. */
export const HUES = light.hues.length;

export const figureStyle = [
  rules(light),
  `@media (prefers-color-scheme: dark) { ${rules(dark)} }`,
  'svg text { font: 12px system-ui, sans-serif; }',
  'svg .label, svg .legend { font-weight: 600; }',
  // A halo keeps phase names legible on top of lines.
  'svg .phase { paint-order: stroke; stroke-width: 4px; stroke-linejoin: round; }',
  'svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; }',
  'svg .line.faint { stroke-width: 1.5; stroke-dasharray: 2 3; }',
  'svg .edge { stroke-dasharray: 1 3; fill: none; }',
  'svg .mark { stroke-dasharray: 5 4; fill: none; opacity: 0.6; }',
].join('\n');

function rules({ paper, ink, soft, rule, hues }: typeof light): string {
  return [
    `svg .label, svg .legend { fill: ${ink}; }`,
    `svg .tick, svg .phase { fill: ${soft}; }`,
    `svg .phase { stroke: ${paper}; }`,
    `svg .grid { stroke: ${rule}; fill: none; }`,
    `svg .edge, svg .mark { stroke: ${soft}; }`,
    ...hues.map(
      (hue, index) => `svg .line.h${index} { stroke: ${hue}; } svg .dot.h${index} { fill: ${hue}; }`,
    ),
  ].join(' ');
}

/** Adds the style to a chart, so that it can be a file of its own. */
export function toFile(svg: string): string {
  const style = `<style>${figureStyle} @media (prefers-color-scheme: dark) { svg { background: ${dark.paper}; } }</style>`;
  return `${svg.replace('>', `>${style}`)}\n`;
}
