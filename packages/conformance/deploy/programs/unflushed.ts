import { start } from './start.js'
import { tell, writeRow } from './tell.js'

const body = Buffer.alloc(48 * 1024 * 1024, 'x')

// The response is over for the application, while most of it waits for a client that does not read.
await start({
  handle({ res, after }) {
    after('row', () => writeRow('delivered'))
    res.writeHead(200, { 'content-length': body.length })
    res.end(body)
    tell('ended')
  },
})
