import { h } from './dom.ts';

let agreed = false;

/** Asks once whether workers may be harmed; who has agreed is not asked again until the page is loaded anew. */
export async function confirmDanger(what: string): Promise<boolean> {
  if (agreed) return true;
  const form = h(
    'form',
    { method: 'dialog' },
    h('h3', { id: 'confirm-title' }, 'This harms the worker that serves it'),
    h('p', {}, `${what} The primary replaces it; what other workers do goes on. You are asked only once.`),
    h(
      'div',
      { class: 'row' },
      h('button', { class: 'button danger', value: 'run' }, 'Run it'),
      h('button', { class: 'button', value: '', autofocus: true }, 'Leave it'),
    ),
  );
  const dialog = h('dialog', { 'aria-labelledby': 'confirm-title' }, form);
  document.body.append(dialog);
  dialog.showModal();
  // Whoever goes elsewhere meanwhile has not agreed.
  addEventListener('hashchange', () => dialog.close(''), { once: true });
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  dialog.remove();
  agreed = dialog.returnValue === 'run';
  return agreed;
}
