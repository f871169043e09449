/**
 * Parses a Cookie header (RFC 6265, section 4.2.1). Names and values are exact: only spaces and tabs around them are
 * removed, so `\xa0name` is another name, and the quotes of a value belong to it. The first of several cookies with the
 * same name wins.
 */
export function parseCookies(header: string): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    const name = trimBlanks(pair.slice(0, Math.max(0, at)));
    if (name !== '' && !cookies.has(name)) cookies.set(name, trimBlanks(pair.slice(at + 1)));
  }
  return cookies;
}

/** `String.trim` also removes characters that may be part of a name, such as U+00A0. */
function trimBlanks(text: string): string {
  return text.replace(/^[ \t]+/, '').replace(/(?<![ \t])[ \t]+$/, '');
}
