import { h, withCode } from '../dom/elements.ts';

let confirmed = false;

/** Asks before the first dangerous request since the page was loaded. @returns whether it may be sent */
export async function confirmDanger(summary: string): Promise<boolean> {
  if (confirmed) return true;
  const form = h(
    'form',
    { method: 'dialog' },
    h('h3', { id: 'confirm-title' }, 'This may crash, block or end a worker'),
    h(
      'p',
      ...withCode(summary),
      ' In a cluster, the primary replaces a worker that exits, and the others keep running. You are asked only once.',
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
  confirmed = dialog.returnValue === 'run';
  return confirmed;
}
