/** Where errors go after the reply, on Express: `node --import tsx examples/late-error/src/main.ts`. */
import { show } from './show.js'

await show(console.log)
