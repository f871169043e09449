/** Words and marks that this project does not use in anything that people read, with the usual term. */
const unusual: readonly (readonly [pattern: RegExp, usual: string])[] = [
  [/«|»/, '" or `'],
  [/\d+ %(?! ?[\w(])|\d+ %(?= (?:of|in|more|less)\b)/, '%, without a space'],
  [/\banew\b/, 'again'],
  [/\bdearer\b/, 'slower, more expensive'],
  [/\b(?:whoever|nobody)\b/, 'name the subject, or use the passive'],
  [/\b(?:is|are|was|were|be|been) told\b/, 'is reported, is logged'],
  [/where it is not said/, 'by default'],
  [/\bbeside\b/, 'next to, alongside'],
  [/\bmeanwhile\b/, 'during the run, in the meantime'],
  [/\bin all\b(?! \w)/, 'in total'],
  [/\b(?:half-way|look-up)\b/, 'halfway, lookup'],
  [/\b\w*(?:isation|behaviour|catalogue|colour|recognis|serialis|summaris)\w*/, 'the American spelling'],
  [/\bcancelled\b(?!')/, 'canceled'], // in quotes it is a state of pg-boss
  [/\b(?:has|have) left\b/, 'has disconnected'],
];

/** @returns each unusual word with the usual term: `anew (use "again")` */
export function unusualWords(text: string): string[] {
  return unusual.flatMap(([pattern, usual]) =>
    [...text.matchAll(new RegExp(pattern, 'gi'))].map(([word]) => `${word} (use "${usual}")`),
  );
}
