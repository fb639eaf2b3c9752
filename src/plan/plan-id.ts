import { digestOf } from '../lib/digest.ts';
import { factsOf } from './approval.ts';
import type { Change } from './change.ts';
import type { PlanInput } from './world.ts';

/** A digest of what a plan rests on and of everything that decides what its changes write. */
export function planId(basis: string, changes: readonly Change[]): string {
  return digestOf([basis, changes.map((it) => [...factsOf(it), it.held === true])]);
}

/** Digest of what a plan rests on besides its changes: an approval and a plan's id hold only for the same. */
export function basisOf(
  input: Pick<PlanInput, 'source' | 'revision' | 'toolVersion' | 'policy'>,
): string {
  return digestOf([input.source, input.revision, input.toolVersion, input.policy]);
}
