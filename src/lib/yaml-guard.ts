import type { CST } from 'yaml';
import { yamlLibrary } from './yaml-library.ts';
import type { YamlLimits } from './yaml-limits.ts';
import type { Fault } from './yaml-text.ts';

/** The tokens of a text, with what the reader of errors needs to know of them. */
export interface Tokens {
  readonly tokens: readonly CST.Token[];
  /** Offsets of quotes that open and never close. */
  readonly openQuotes: readonly number[];
  /** Offsets of brackets and braces that open and never close. */
  readonly openBrackets: readonly number[];
}

/** Emitted by the lexer, not by any file: those with such characters are refused before. */
const scalarNext = '\u001f';
const flowBroken = '\u0018';

/**
 * Reads a text into tokens and stops at the first that goes beyond the limits. Nothing here calls
 * itself for nested collections, so no depth of nesting can exhaust the stack; what comes after may
 * rely on the limits.
 */
export function readTokens(text: string, limits: YamlLimits): Tokens | Fault {
  const { Lexer, Parser } = yamlLibrary();
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  const openQuotes: number[] = [];
  const openBrackets: number[] = [];
  const brackets: number[] = [];
  let documents = 0;
  let lexemes = 0;
  let isText = false;
  for (const lexeme of new Lexer().lex(text)) {
    const offset = parser.offset;
    lexemes += 1;
    if (lexemes > limits.tokens) return tooMany(offset, limits);
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
      if (token.type === 'document') documents += 1;
    }
    if (documents > limits.documents) return tooManyDocuments(offset, limits);
    if (parser.stack.length > limits.depth && depthOf(parser.stack) > limits.depth)
      return tooDeep(offset, limits);
    if (!isText) {
      const first = lexeme[0];
      if (first === '"' || first === "'") {
        if (lexeme.length === 1 || !lexeme.endsWith(first)) openQuotes.push(offset);
      } else if (lexeme === '[' || lexeme === '{') brackets.push(offset);
      else if (lexeme === ']' || lexeme === '}') {
        if (text[brackets.at(-1) ?? -1] === (lexeme === ']' ? '[' : '{')) brackets.pop();
      } else if (lexeme === flowBroken) openBrackets.push(...brackets.splice(0));
    }
    isText = lexeme === scalarNext;
  }
  for (const token of parser.end()) {
    tokens.push(token);
    if (token.type === 'document') documents += 1;
  }
  if (documents > limits.documents) return tooManyDocuments(text.length, limits);
  openBrackets.push(...brackets);
  return { tokens, openQuotes, openBrackets };
}

function depthOf(stack: readonly CST.Token[]): number {
  return stack.filter(
    ({ type }) => type === 'block-map' || type === 'block-seq' || type === 'flow-collection',
  ).length;
}

function tooDeep(offset: number, { depth }: YamlLimits): Fault {
  return {
    code: 'MANIFEST_LIMIT',
    offset,
    message: `maps and lists are nested more than ${depth} deep here`,
    hint: 'make the structure flatter',
  };
}

function tooManyDocuments(offset: number, { documents }: YamlLimits): Fault {
  return {
    code: 'MANIFEST_LIMIT',
    offset,
    message: `a file may hold at most ${documents} documents, and this one goes on here`,
    hint: 'spread the documents over several files',
  };
}

function tooMany(offset: number, { tokens }: YamlLimits): Fault {
  return {
    code: 'MANIFEST_LIMIT',
    offset,
    message: `the file has more than ${tokens} words and signs before this`,
    hint: 'split the file',
  };
}
