import { expect, it } from 'vitest'
import { coresInList } from '../src/cores.js'

it.each([
  ['0', [0]],
  ['0-1', [0, 1]],
  ['0-2,5', [0, 1, 2, 5]],
  ['3,7-8\n', [3, 7, 8]],
])('reads the list of cores %j', (list, cores) => {
  expect(coresInList(list)).toEqual(cores)
})
