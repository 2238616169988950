import { once } from 'node:events'
import { start } from './start.js'

// Both send an event and stay open. Only one of them listens when it is asked to hurry.
await start({
  softTimeout: 500,
  timeout: 2_500,
  async handle({ path, res, signal }) {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write('data: hello\n\n')
    if (path === '/deaf') return
    if (!signal.aborted) await once(signal, 'abort')
    if (!res.destroyed) res.end('data: come back later\n\n')
  },
})
