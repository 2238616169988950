import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { servers } from '../src/servers/servers.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

async function run(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'examples/orders/src/main.ts', ...args], { cwd: root })
  return stdout
}

test.each([...servers.keys()])('the tour on %s', { timeout: 120_000 }, async (name) => {
  expect(await run(name)).toBe(`The shop on ${name}, with PGlite.
a customer orders: 201 {"email":"ada@example.org","step":"placed","total":1500}
  behind the reply: the receipt to ada@example.org, and 1 call of the webhook
staff sees more of it: 200 {"email":"ada@example.org","step":"placed","total":1500,"cost":600,"margin":900}
there are not as many: 409 {"error":"There is not enough of pot in stock."}
that is no order: 400 {"error":"email: Invalid email address; lines: Too small: expected array to have >=1 items"}
a customer leaves in the middle: no answer, and the order is rolled-back
a customer watches the order: placed, packed, shipped
the webhook is broken: 201 {"email":"ada@example.org","step":"placed","total":4900}
  to the sink, from the task webhook: Error: The webhook answered 500.
an order just before SIGTERM: 201 {"email":"ada@example.org","step":"placed","total":1200}
drained: 3 receipts were sent
  GET /orders/:id, staff: finished 200 null
  GET /orders/:id/progress, customer: finished 200 null
  POST /orders, customer: aborted null rolled-back
  POST /orders, customer: finished 201 committed
  POST /orders, customer: finished 201 committed
  POST /orders, customer: finished 201 committed
  POST /orders, customer: finished 400 null
  POST /orders, customer: finished 409 rolled-back
  POST /orders/:id/steps, staff: finished 200 committed
  POST /orders/:id/steps, staff: finished 200 committed
`)
})

test('a server that nobody knows', { timeout: 120_000 }, async () => {
  await expect(run('hapi')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('express|fastify|node') as string })
})
