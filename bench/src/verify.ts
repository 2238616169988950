import { get, type IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Child } from './child.js'
import type { Variant } from './scenario.js'

const requests = 3
const patienceMs = 5000

function fetchOnce(port: number): Promise<{ response: IncomingMessage; body: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.once('end', () => resolve({ response, body }))
    }).once('error', reject)
  })
}

/** Makes sure that a server does what its row says before it is measured: the reply, and the calls behind it. */
export async function verify({ id, scenario }: Variant, port: number, child: Child): Promise<void> {
  for (let index = 0; index < requests; index++) {
    const { response, body } = await fetchOnce(port)
    if (response.statusCode !== 200 || body !== '{"ok":true}') {
      throw new Error(`${id} replied ${response.statusCode} ${body}`)
    }
    if (scenario.header !== undefined && response.headers[scenario.header] === undefined) {
      throw new Error(`${id} replied without the header ${scenario.header}`)
    }
  }
  if (scenario.calls === undefined) return
  const expected = scenario.calls * requests
  // Some peers work in batches.
  const until = performance.now() + patienceMs
  let calls = await child.ask<number>('calls')
  while (calls < expected && performance.now() < until) {
    await delay(20)
    calls = await child.ask<number>('calls')
  }
  if (calls !== expected) throw new Error(`${id} made ${calls} calls behind ${requests} requests, not ${expected}`)
}
