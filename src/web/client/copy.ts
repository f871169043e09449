import { h, say } from './dom.ts';

/** A button that copies a text and says that it did. */
export function copyButton(text: () => string, label: string): HTMLButtonElement {
  const word = h('span', {}, 'Copy');
  const button = h('button', { type: 'button', class: 'button small copy', 'aria-label': label }, word);
  const tell = (said: string) => {
    say(word, said);
    button.setAttribute('aria-label', said === 'Copy' ? label : said);
  };
  button.addEventListener('click', () => {
    copy(text()).then(
      () => tell('Copied'),
      () => tell('Select and copy by hand'),
    );
    setTimeout(() => tell('Copy'), 1_600);
  });
  return button;
}

/** Browsers offer the clipboard to secure origins alone; localhost counts as one, another address does not. */
async function copy(text: string): Promise<void> {
  if (window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = h('textarea', { class: 'hidden-text', 'aria-hidden': 'true', tabindex: -1 });
  area.value = text;
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without https
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('the browser did not allow it');
}
