import type { YAMLError } from 'yaml';
import { escapeUntrusted } from './terminal.ts';
import type { Tokens } from './yaml-guard.ts';
import type { Fault } from './yaml-text.ts';

const quoteIt = 'quote the whole text';

/** What the YAML library found, in the words of a person who looks at the line. */
export function faultOf(error: YAMLError, text: string, tokens: Tokens): Fault {
  const { code, message, pos } = error;
  const [offset] = pos;
  switch (code) {
    case 'TAB_AS_INDENT':
      return syntax(offset, 'a tab cannot indent YAML', 'indent with spaces');
    case 'BLOCK_AS_IMPLICIT_KEY':
      return colonInText(offset, text);
    case 'MULTILINE_IMPLICIT_KEY':
      return noColon(offset, text);
    case 'BAD_SCALAR_START': {
      const sign = text[offset] ?? '';
      const said = `a text without quotes cannot start with ${escapeUntrusted(sign)}`;
      return syntax(offset, said, quoteIt);
    }
    case 'BAD_DQ_ESCAPE': {
      const said = `${escapeUntrusted(text.slice(offset, offset + 2))} means nothing in double quotes`;
      return syntax(offset, said, 'write \\\\ for a backslash, or use single quotes');
    }
    case 'KEY_OVER_1024_CHARS': {
      const said = 'a key may have at most 1024 characters';
      return { code: 'MANIFEST_LIMIT', offset, message: said, hint: 'shorten it' };
    }
    case 'RESOURCE_EXHAUSTION':
      return {
        code: 'MANIFEST_LIMIT',
        offset,
        message: 'this is too large or too deep to be read',
        hint: 'make the structure flatter',
      };
    case 'TAG_RESOLVE_FAILED':
    case 'BAD_COLLECTION_TYPE':
    case 'MULTIPLE_TAGS':
      return forbidden(offset, 'a tag of this sort is not allowed', 'remove the word after the !');
    case 'BAD_ALIAS':
    case 'ALIAS_PROPS':
    case 'MULTIPLE_ANCHORS':
      return syntax(offset, 'this anchor or alias is not whole', 'quote the text if it is none');
    case 'BAD_DIRECTIVE':
      return directive(offset);
    case 'BAD_INDENT':
      return unclosedBracket(message, offset, text, tokens) ?? badIndent(offset);
    case 'MISSING_CHAR':
      return missing(message, offset, text, tokens);
    case 'BLOCK_IN_FLOW':
      return syntax(offset, 'a comma is missing between the items here', 'put a comma');
    default:
      return unexpected(message, offset, text);
  }
}

/** Whether an error says that a line does not line up with others. */
export function isOfIndent({ code, message, pos }: YAMLError, text: string): boolean {
  if (code === 'BAD_INDENT') return !message.includes('end with a');
  return code === 'BLOCK_AS_IMPLICIT_KEY' && !hasColon(text, pos[0]);
}

/** `%YAML` and `%TAG` lines, which would give the text another meaning. */
export function directive(offset: number): Fault {
  const said =
    'directives other than %YAML 1.2 are not allowed, because they change what texts mean';
  return forbidden(offset, said, 'remove the line');
}

function syntax(offset: number, message: string, hint: string): Fault {
  return { code: 'MANIFEST_SYNTAX', offset, message, hint };
}

function forbidden(offset: number, message: string, hint: string): Fault {
  return { code: 'MANIFEST_FORBIDDEN', offset, message, hint };
}

function badIndent(offset: number): Fault {
  const said = 'this line is indented differently from its neighbours';
  return syntax(offset, said, 'line it up with the line it belongs to');
}

/** Either a text with a colon in it, or a value that is followed by a deeper line. */
function colonInText(offset: number, text: string): Fault {
  if (hasColon(text, offset)) {
    const said = 'a colon and a blank start a map, and there is one inside of this text';
    return syntax(offset, said, quoteIt);
  }
  const end = lineEnd(text, offset);
  const next = end + 1 + (/^\s*/.exec(text.slice(end + 1))?.[0].length ?? 0);
  const said = 'this line is indented under a key that has its value already';
  return syntax(next, said, 'indent it like that key, or remove the value there');
}

function hasColon(text: string, offset: number): boolean {
  return /:(?:\s|$)/.test(text.slice(offset, lineEnd(text, offset)));
}

function noColon(offset: number, text: string): Fault {
  const line = text.slice(offset, lineEnd(text, offset));
  if (/^["'\w.-]+:\S/.test(line))
    return syntax(offset, 'there is no blank after this colon', 'put a blank after the colon');
  return syntax(offset, 'a key needs a colon after it', 'put a colon and a blank after the key');
}

function missing(message: string, offset: number, text: string, tokens: Tokens): Fault {
  if (message.startsWith('Missing closing')) {
    const start = tokens.openQuotes.findLast((it) => it <= offset) ?? offset;
    const said = 'the quote that opens here is never closed';
    return syntax(start, said, 'close it, or double it if it belongs to the text');
  }
  if (message.startsWith('Implicit map keys')) return noColon(offset, text);
  if (message.startsWith('Missing directives-end'))
    return syntax(
      offset,
      'a line --- must follow the directives',
      'put a line --- before this one',
    );
  if (message.startsWith('Missing ,'))
    return syntax(offset, 'a comma is missing between the items here', 'put a comma');
  return unclosedBracket(message, offset, text, tokens) ?? unexpected(message, offset, text);
}

function unclosedBracket(
  message: string,
  offset: number,
  text: string,
  tokens: Tokens,
): Fault | undefined {
  const wanted = /end with a ([\]}])/.exec(message)?.[1];
  if (wanted === undefined) return undefined;
  const opener = wanted === ']' ? '[' : '{';
  const start = tokens.openBrackets.findLast((it) => it <= offset && text[it] === opener);
  const line = start === undefined ? undefined : text.slice(0, start).split('\n').length;
  const opened = line === undefined ? 'a bracket' : `the ${opener} of line ${line}`;
  return syntax(offset, `${opened} is not closed before this`, `put the missing ${wanted}`);
}

function unexpected(message: string, offset: number, text: string): Fault {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const braces = text.slice(start, offset).indexOf('{{');
  if (braces !== -1) return template(start + braces);
  if (message.endsWith('scalar at node end')) {
    const said = 'something follows a value that has ended';
    return syntax(offset, said, 'quote the whole text; a quote of the same sort inside is doubled');
  }
  const said = 'this cannot be read as YAML';
  return syntax(offset, said, 'check quotes, colons and indentation here and in the line above');
}

/** `{{ … }}` without quotes, which YAML takes for maps. */
export function template(offset: number): Fault {
  const said = 'double braces are a template, and templates are not filled in';
  return syntax(offset, said, 'fill in the template before committing, or quote the text');
}

function lineEnd(text: string, offset: number): number {
  const feed = text.indexOf('\n', offset);
  return feed === -1 ? text.length : feed;
}
