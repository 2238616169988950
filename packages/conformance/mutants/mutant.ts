/** A deliberate bug, and the rule that must notice it. */
export interface Mutant {
  readonly id: string
  /** From the root of the repository. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** The rule that must go red, and the server on which it does. */
  readonly rule: string
  readonly rig: string
  /** The Node version on which it shows, where it does not show on the oldest one. */
  readonly node?: '22' | '24' | '26'
}
