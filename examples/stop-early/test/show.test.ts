import { expect, it } from 'vitest'
import { show } from '../src/show.js'

it('runs the rest of the chain without the guard, and nothing of it with the guard', async () => {
  const lines: string[] = []
  await show((line) => lines.push(line))
  const off = [
    '  f1 goes on',
    '  f2 replies, and goes on all the same',
    '  f3 runs for a request that has its answer',
    '  f4 replies once more',
    '  error middleware: ERR_HTTP_HEADERS_SENT',
    '  the client reads: from f2',
  ]
  const on = ['  f1 goes on', '  f2 replies, and goes on all the same', '  the client reads: from f2']
  expect(lines).toEqual([
    'Express, guard off', ...off,
    'Express, guard on', ...on,
    'node:http, guard off', ...off,
    'node:http, guard on', ...on,
  ])
})
