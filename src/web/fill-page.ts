/** Puts values into a page: `{{name}}` becomes the value of that name. */
export function fillPage(html: string, values: Readonly<Record<string, string>>): string {
  return html.replace(/\{\{(\w+)\}\}/g, (_match, name: string) => values[name] ?? '');
}

/** A package's name as a title. */
export function capitalise(name: string): string {
  return name.replace(/^./, (letter) => letter.toUpperCase());
}
