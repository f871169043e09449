import { h, setText } from './elements.ts';

/** A button that copies a text and shows whether that worked. */
export function copyButton(text: () => string, label: string): HTMLButtonElement {
  const caption = h('span', 'Copy');
  const button = h('button.button.small.copy', { type: 'button', 'aria-label': label }, caption);
  const show = (state: string) => {
    setText(caption, state);
    button.setAttribute('aria-label', state === 'Copy' ? label : state);
  };
  button.addEventListener('click', () => {
    copy(text()).then(
      () => show('Copied'),
      () => show('Select and copy by hand'),
    );
    setTimeout(() => show('Copy'), 1_600);
  });
  return button;
}

/** Browsers offer the clipboard only to secure origins: https and localhost. */
async function copy(text: string): Promise<void> {
  if (window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = h('textarea.visually-hidden', { 'aria-hidden': 'true', tabindex: -1 });
  area.value = text;
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without https
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('the browser refused to copy');
}
