/** What one file may cost. Counted before or while it is read, so that no file can cost more. */
export const yamlLimits = {
  bytes: 1024 * 1024,
  /** Collections inside of each other. */
  depth: 64,
  documents: 100,
  /** Words, signs and blanks between them, as the lexer counts them; reading costs microseconds for each. */
  tokens: 250_000,
  /** Keys of one map. */
  keys: 1000,
  /** Times that aliases are followed in one document, aliases behind aliases included. */
  aliases: 20,
  /** Problems told of one file; the last one says how many more there are. */
  problems: 20,
};

export type YamlLimits = Readonly<typeof yamlLimits>;
