/** Creates elements. Text is always text: nothing here parses HTML, so a response cannot become markup. */

type Child = Node | string | number | undefined | null | false;
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;
type Part = Child | Attributes;

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Creates an HTML element. Attributes that are functions become event listeners.
 *
 * @example
 * h('p.muted', { id: 'count' }, '3 matches')
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K | `${K}.${string}`,
  ...parts: Part[]
): HTMLElementTagNameMap[K] {
  const [tag = '', ...classes] = name.split('.');
  return fill(document.createElement(tag as K), classes, parts);
}

/** Creates an SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  name: K | `${K}.${string}`,
  ...parts: Part[]
): SVGElementTagNameMap[K] {
  const [tag = '', ...classes] = name.split('.');
  return fill(document.createElementNS(SVG, tag as K), classes, parts);
}

function fill<E extends Element>(element: E, classes: readonly string[], parts: readonly Part[]): E {
  element.classList.add(...classes);
  for (const part of parts) {
    if (part === undefined || part === null || part === false) continue;
    if (typeof part !== 'object' || part instanceof Node) element.append(part as Node | string);
    else setAttributes(element, part);
  }
  return element;
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** A text for `h`, in which words in backticks become code. */
export function withCode(text: string): Child[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? h('code', {}, part) : part));
}

export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element as E;
}

/** Sets a text only if it changes, to avoid needless layouts. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets a `data-` attribute only if it changes. */
export function setData(element: HTMLElement, name: string, value: string): void {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}
