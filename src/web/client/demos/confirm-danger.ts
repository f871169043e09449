import { h, withCode } from '../dom/elements.ts';
import type { Entry } from './catalog.ts';

/** Consent to one danger is not consent to another. */
const confirmed = new Set<string>();

/** Asks before the first run of a dangerous route since the page was loaded. @returns whether it may be sent */
export async function confirmDanger({ key, route }: Entry): Promise<boolean> {
  if (confirmed.has(key)) return true;
  const form = h(
    'form',
    { method: 'dialog' },
    h('h3', { id: 'confirm-title' }, `${route.title}?`),
    h(
      'p',
      'This may crash, block or end a worker: ',
      h('span', ...withCode(route.summary)),
      ' The page asks once for this demo, and again for any other.',
    ),
    h(
      'div.row',
      h('button.button.danger', { value: 'run' }, 'Run'),
      h('button.button', { value: '', autofocus: true }, 'Cancel'),
    ),
  );
  const dialog = h('dialog', { 'aria-labelledby': 'confirm-title' }, form);
  document.body.append(dialog);
  dialog.showModal();
  // Navigating away cancels.
  addEventListener('hashchange', () => dialog.close(''), { once: true });
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  dialog.remove();
  if (dialog.returnValue === 'run') confirmed.add(key);
  return confirmed.has(key);
}
