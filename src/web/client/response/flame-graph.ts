import { h, svg } from '../dom/elements.ts';
import { listBySelf, toFrames, type Frame, type Profile } from './call-tree.ts';
import { ms, percent, toText } from '../dom/format.ts';

const ROW = 18;
const CHARACTER_WIDTH = 6.4;
/** A narrower frame is not drawn. */
const MIN_WIDTH = 1.5;
const MAX_TABLE_ROWS = 20;

/** Draws a profile: a frame is as wide as it took, below the function that called it; and the functions as a table. */
export function createFlameGraph(profile: Profile): HTMLElement {
  const root = toFrames(profile);
  const drawing = h('div.flame-drawing');
  let width = 0;
  new ResizeObserver(([entry]) => {
    const newWidth = Math.floor(entry?.contentRect.width ?? 0);
    if (newWidth === width || newWidth === 0) return;
    width = newWidth;
    drawing.replaceChildren(draw(root, width));
  }).observe(drawing);
  return h(
    'figure.flame-graph',
    h(
      'figcaption.meaning',
      `${toText(ms(root.totalMs))} of CPU time. A frame is as wide as it took, below its caller.`,
    ),
    drawing,
    createSelfTable(root),
  );
}

function draw(root: Frame, width: number): SVGSVGElement {
  const parts: SVGElement[] = [];
  let depth = 0;
  const add = (frame: Frame, x: number, row: number): void => {
    const length = (frame.totalMs / root.totalMs) * width;
    if (length < MIN_WIDTH) return;
    depth = Math.max(depth, row + 1);
    parts.push(drawFrame(frame, root.totalMs, x, row, length));
    let left = x;
    for (const child of frame.children) {
      add(child, left, row + 1);
      left += (child.totalMs / root.totalMs) * width;
    }
  };
  if (root.totalMs > 0) add(root, 0, 0);
  const height = depth * ROW;
  const [heaviest] = listBySelf(root);
  const label = `Flame graph; most time was spent in ${heaviest?.name ?? 'nothing'}. The table below has the figures.`;
  return svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': label },
    ...parts,
  );
}

function drawFrame(
  { name, source, totalMs, selfMs }: Frame,
  allMs: number,
  x: number,
  row: number,
  length: number,
) {
  const room = Math.floor((length - 8) / CHARACTER_WIDTH);
  const text = name.length <= room ? name : room > 3 ? `${name.slice(0, room - 1)}…` : '';
  const title = `${name} ${source}: ${toText(ms(totalMs))} (${toText(percent(totalMs / allMs))}), itself ${toText(ms(selfMs))}`;
  // The warmer, the more time in the function itself.
  const heat = Math.min(3, Math.floor((selfMs / Math.max(totalMs, 0.001)) * 4));
  return svg(
    'g',
    { class: `frame heat-${heat}` },
    svg('title', title),
    svg('rect', {
      x: x.toFixed(1),
      y: row * ROW,
      width: Math.max(1, length - 1).toFixed(1),
      height: ROW - 1,
      rx: 2,
    }),
    text === '' ? undefined : svg('text', { x: (x + 4).toFixed(1), y: row * ROW + 12.5 }, text),
  );
}

function createSelfTable(root: Frame): HTMLElement {
  const rows = listBySelf(root)
    .slice(0, MAX_TABLE_ROWS)
    .map(({ name, source, selfMs }) =>
      h(
        'tr',
        h('td', name),
        h('td', source),
        h('td.number', toText(ms(selfMs))),
        h('td.number', toText(percent(selfMs / root.totalMs))),
      ),
    );
  const head = ['function', 'source', 'itself', 'share'].map((name) => h('th', { scope: 'col' }, name));
  return h(
    'details.collapsed',
    h('summary', 'Functions by the time in themselves'),
    h(
      'div.scroll',
      { tabindex: 0, role: 'group', 'aria-label': 'Functions' },
      h('table', h('thead', h('tr', ...head)), h('tbody', ...rows)),
    ),
  );
}
