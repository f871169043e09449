type Properties = ReadonlyMap<string, PropertyDescriptor>;

/** All own properties of an object. Built-in ones are not enumerable, even after they were overwritten. */
export function propertiesOf(object: object): Properties {
  return new Map(Object.entries(Object.getOwnPropertyDescriptors(object)));
}

/** @returns the names of properties that were added, removed or changed */
export function changesOf(object: object, before: Properties): string[] {
  const after = propertiesOf(object);
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => {
    const was = before.get(name);
    const is = after.get(name);
    if (was === undefined || is === undefined) return true;
    return !Object.is(was.value, is.value) || was.get !== is.get || was.set !== is.set;
  });
}
