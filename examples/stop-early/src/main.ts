/** How to stop the rest of the middleware after a response was sent: `node --import tsx examples/stop-early/src/main.ts`. */
import { show } from './show.js'

await show(console.log)
