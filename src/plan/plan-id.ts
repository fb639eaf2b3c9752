import { canonicalJson, digestOf, digestOfPieces } from '../lib/digest.ts';
import { factsOf } from './approval.ts';
import type { Change } from './change.ts';
import type { PlanInput } from './world.ts';

/** A digest of what a plan rests on and of everything that decides what its changes write. */
export function planId(basis: string, changes: readonly Change[]): string {
  return digestOfPieces(piecesOf(basis, changes));
}

/** The canonical JSON of it, change by change: in one text, that of many thousand changes would fill the memory. */
function* piecesOf(basis: string, changes: readonly Change[]): Generator<string> {
  yield `[${canonicalJson(basis)},[`;
  for (const [index, it] of changes.entries())
    yield `${index === 0 ? '' : ','}${canonicalJson([...factsOf(it), it.held === true])}`;
  yield ']]';
}

/** Digest of what a plan rests on besides its changes: an approval and a plan's id hold only for the same. */
export function basisOf(
  input: Pick<PlanInput, 'source' | 'revision' | 'toolVersion' | 'policy'>,
): string {
  return digestOf([input.source, input.revision, input.toolVersion, input.policy]);
}
