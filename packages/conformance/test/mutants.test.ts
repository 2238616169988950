import { expect, it } from 'vitest'
import type { Mutant } from '../mutants/mutant.js'
import { strangers } from '../mutants/names.js'

const plain = { file: 'packages/lifecycle-core/src/terms.ts', rule: 'TSK-022', rig: 'node' }

it('a mutant must not name what does not exist, and may have wrong types', () => {
  const mutants: Mutant[] = [
    { ...plain, id: 'no such variable', find: 'timeout ?? defaultTimeout', replace: 'timeout ?? otherTimeout' },
    { ...plain, id: 'no such field', find: 'this.name = name', replace: 'this.title = name' },
    { ...plain, id: 'not the language', find: 'this.when = when', replace: 'this.when = = when' },
    { ...plain, id: 'a wrong type', find: 'this.descriptor = descriptor', replace: 'this.descriptor = this.timeout = String(descriptor)' },
  ]
  expect(strangers(mutants).map(({ mutant }) => mutant.id)).toEqual(['no such variable', 'no such field', 'not the language'])
}, 60_000)
