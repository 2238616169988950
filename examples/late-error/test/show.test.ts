import { expect, it } from 'vitest'
import { show } from '../src/show.js'

it('tells the error middleware of what fails after the reply, and keeps the connection only with faultsTo', async () => {
  const lines: string[] = []
  await show((line) => lines.push(line))
  const told = '  error middleware: the second step failed, headersSent true'
  // The bytes of the reply and the error race to whoever prints first.
  expect(lines.toSorted()).toEqual([
    'without', '  the client reads: first step done', told, '  once more, on the same connection: the connection is closed',
    'with faultsTo', '  the client reads: first step done', told, '  once more, on the same connection: first step done', told,
  ].toSorted())
})
