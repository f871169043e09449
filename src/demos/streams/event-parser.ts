export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/**
 * Returns the complete events of a text, and the rest of it.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export function parseEvents(text: string): { readonly events: ServerSentEvent[]; readonly rest: string } {
  const blocks = text.split('\n\n');
  const rest = blocks.pop() ?? '';
  const events = blocks.flatMap((block) => {
    const fields = block.split('\n').map((line) => /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? []);
    const valuesOf = (name: string) =>
      fields.flatMap(([, field, value]) => (field === name ? [value ?? ''] : []));
    const data = valuesOf('data');
    // A block without data, such as a comment or a retry, is not an event.
    return data.length === 0
      ? []
      : [{ id: valuesOf('id').at(-1), event: valuesOf('event').at(-1) ?? 'message', data: data.join('\n') }];
  });
  return { events, rest };
}
