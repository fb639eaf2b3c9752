/** More texts than the tables of all kinds have, and longer; what goes beyond is not remembered. */
const most = 2000;
const longest = 100;

/** What a function makes of a text, made once for texts that come again with every record, such as keys and paths. */
export function remembered<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const made = make(text);
    if (known.size < most && text.length <= longest) known.set(text, made);
    return made;
  };
}
